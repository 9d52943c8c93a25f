import type { Difference } from "./find-differences.ts";
import type { VerifyReport } from "./run-verify.ts";

/** One page to look at: each difference with both sides beside each other. */
export function reportPage(report: VerifyReport, at: Date): string {
  const { rooms, messages, members, equalByHash, differences, differenceCount } = report;
  const verdict = differenceCount === 0 ? "Nothing differs" : `${differenceCount} differences`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${verdict}: PostgreSQL and Maru</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --line: color-mix(in srgb, currentColor 18%, transparent); }
  body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.6rem; color: ${differenceCount === 0 ? "#1a7f4b" : "#b3261e"}; }
  table { width: 100%; border-collapse: collapse; table-layout: fixed; }
  th, td { text-align: left; vertical-align: top; padding: .5rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
  th:first-child, td:first-child { width: 14rem; }
  td { font-family: ui-monospace, monospace; font-size: .85rem; white-space: pre-wrap; }
  mark { background: #ffd54f; color: #000; }
  .nothing { opacity: .5; }
</style>
<h1>${verdict}</h1>
<p>${rooms} rooms, ${messages} messages and ${members} participants compared at ${toHtml(at.toISOString())}; ${equalByHash} rooms were equal by their hashes.</p>
${differenceCount > differences.length ? `<p>The first ${differences.length} are listed.</p>` : ""}
${differences.length === 0 ? "" : `<table><thead><tr><th>Where</th><th>PostgreSQL</th><th>Maru</th></tr></thead><tbody>\n${differences.map(row).join("\n")}\n</tbody></table>`}
</html>
`;
}

function row({ roomId, kind, id, seq, source, maru }: Difference): string {
  const [left, right] = sideBySide(shown(source), shown(maru));
  const what =
    id === "" ? "" : `<br>${kind.startsWith("member") || kind === "read_position" ? "user" : "message"} ${toHtml(id)}`;
  const place = `<b>${kind}</b><br>room ${toHtml(roomId)}${what}${seq === undefined ? "" : `<br>entry ${seq}`}`;
  return `<tr><td>${place}</td><td>${left}</td><td>${right}</td></tr>`;
}

/** What is not the same of two texts is marked. */
export function sideBySide(a: string | undefined, b: string | undefined): [string, string] {
  if (a === undefined || b === undefined)
    return [a === undefined ? nothing : toHtml(a), b === undefined ? nothing : toHtml(b)];
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const marked = (text: string) => {
    const middle = text.slice(start, text.length - end);
    return `${toHtml(text.slice(0, start))}<mark>${toHtml(middle)}</mark>${toHtml(text.slice(text.length - end))}`;
  };
  return [marked(a), marked(b)];
}

const nothing = '<span class="nothing">not there</span>';

function shown(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === "object" ? JSON.stringify(value, undefined, 1) : String(value);
}

function toHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[char] ?? "&quot;");
}
