import { byId } from "./element.ts";
import { whyFailed } from "./tell-problem.ts";

/** Prepares a dialog with a form: what `submit` rejects with is shown in it, and it stays open. */
export function prepareDialog(id: string, submit: (values: FormData) => Promise<void>): () => void {
  const dialog = byId(id, "dialog");
  const form = dialog.querySelector("form");
  const problem = dialog.querySelector(".problem");
  const button = dialog.querySelector<HTMLButtonElement>(".primary");
  if (form === null || problem === null || button === null) throw new Error(`the dialog ${id} is not complete`);
  dialog.querySelector(".cancel")?.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    submit(new FormData(form))
      .then(
        () => dialog.close(),
        (error: unknown) => {
          problem.textContent = whyFailed(error);
        },
      )
      .finally(() => {
        button.disabled = false;
      });
  });
  return () => {
    form.reset();
    problem.textContent = "";
    dialog.showModal();
  };
}
