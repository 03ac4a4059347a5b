// Putting a text on the clipboard.

/** Copies a text, also where the page is not served securely and the browser has no clipboard for scripts. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const before = document.activeElement;
    const area = Object.assign(document.createElement("textarea"), { className: "visually-hidden", value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    before?.focus?.({ preventScroll: true });
  }
}
