// Keys of the frame: "/" finds a subject, "?" lists the keys. A form's own keys are in form.js.
(() => {
  "use strict";
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "?") {
      event.preventDefault();
      document.getElementById("keys-dialog")?.showModal();
      return;
    }
    const field = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (field) {
      event.preventDefault();
      field.focus();
      field.select?.();
    }
  });
})();
