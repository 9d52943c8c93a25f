import { hueOf, initialsOf } from "../src/view/people.ts";
import { element } from "./element.ts";

/** A round picture with initials; a dot on it says that the user is connected. */
export function drawFace(id: string, name: string, facts: { small?: boolean; connected?: boolean } = {}): HTMLElement {
  const classes = ["face", facts.small ? "small" : "", facts.connected ? "connected" : ""].filter((one) => one !== "");
  const face = element("span", {
    class: classes.join(" "),
    text: initialsOf(name),
    attributes: { "aria-hidden": "true" },
  });
  face.style.setProperty("--hue", String(hueOf(id)));
  return face;
}
