import { byId } from "./element.ts";

const tellTypingEveryMs = 2_000;
/** Somebody who pauses for so long does not type any more. */
const pauseMs = 5_000;

/** The field that messages are written in: Enter sends, Shift and Enter begin a new line. */
export function prepareComposer(actions: {
  readonly send: (text: string) => void;
  readonly typing: (stopped: boolean) => void;
}): void {
  const form = byId("composer", "form");
  const field = byId("text", "textarea");
  let toldAtMs = 0;
  let pause: ReturnType<typeof setTimeout> | undefined;

  function stop(): void {
    clearTimeout(pause);
    if (toldAtMs > 0) actions.typing(true);
    toldAtMs = 0;
  }

  function grow(): void {
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  }

  field.addEventListener("input", () => {
    grow();
    if (field.value.trim() === "") return stop();
    clearTimeout(pause);
    pause = setTimeout(stop, pauseMs);
    if (Date.now() - toldAtMs < tellTypingEveryMs) return;
    toldAtMs = Date.now();
    actions.typing(false);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (text === "") return;
    field.value = "";
    grow();
    // Whoever gets the message knows that its sender does not type any more.
    clearTimeout(pause);
    toldAtMs = 0;
    actions.send(text);
    field.focus();
  });
}
