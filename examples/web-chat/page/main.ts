import { logIn } from "./backend.ts";
import { byId } from "./element.ts";
import { startSession } from "./start-session.ts";
import { whyFailed } from "./tell-problem.ts";

/** Kept for this tab alone, so that two tabs are two people. */
const rememberedName = "maru-web-chat-name";

const login = byId("login", "main");
const form = byId("login-form", "form");
const nameField = byId("name", "input");
const problem = form.querySelector(".problem");

async function enter(name: string): Promise<void> {
  const backend = await logIn(name);
  sessionStorage.setItem(rememberedName, name);
  login.hidden = true;
  byId("chat", "div").hidden = false;
  await startSession(backend);
}

function ask(why = ""): void {
  if (problem) problem.textContent = why;
  login.hidden = false;
  nameField.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  enter(nameField.value).catch((error: unknown) => ask(whyFailed(error)));
});

const remembered = sessionStorage.getItem(rememberedName);
if (remembered === null) ask();
else enter(remembered).catch((error: unknown) => ask(whyFailed(error)));
