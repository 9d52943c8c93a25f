/** Makes `known` look like `drawn`, and touches only what differs. What listens on a node that stays goes on listening. */
export function patch(known: Element, drawn: Element): void {
  for (const { name } of [...known.attributes]) if (!drawn.hasAttribute(name)) known.removeAttribute(name);
  for (const { name, value } of drawn.attributes) {
    if (name !== "style" && known.getAttribute(name) !== value) known.setAttribute(name, value);
  }
  // The policy of the page allows styles by name, not by attribute.
  if (known instanceof HTMLElement && drawn instanceof HTMLElement) known.style.cssText = drawn.style.cssText;

  const children = [...known.childNodes];
  const wanted = [...drawn.childNodes];
  for (const [index, child] of children.entries()) {
    const better = wanted[index];
    if (better === undefined) child.remove();
    else patchChild(child, better);
  }
  known.append(...wanted.slice(children.length));
}

function patchChild(known: ChildNode, drawn: ChildNode): void {
  if (known.nodeName !== drawn.nodeName) known.replaceWith(drawn);
  else if (known instanceof Element && drawn instanceof Element) patch(known, drawn);
  else if (known.nodeValue !== drawn.nodeValue) known.nodeValue = drawn.nodeValue;
}
