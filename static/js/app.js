// What every page needs: menus, dialogs, the right-hand panel, errors of requests, focus. Works on top of plain pages.
(() => {
  "use strict";
  const $ = (selector, root = document) => root.querySelector(selector);

  // menus close on a click elsewhere and on Escape, and give the focus back
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // dialogs: data-open="id", data-close; confirmation: data-confirm-text on a submit button
  let waiting = null;
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) {
      document.getElementById(opener.dataset.open)?.showModal();
      return;
    }
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    if (event.target.closest("[data-close-panel]")) closePanel();
    const risky = event.target.closest("[data-confirm-text]");
    if (risky && risky !== waiting) {
      event.preventDefault();
      event.stopImmediatePropagation();
      confirm(risky);
    }
  }, true);

  function confirm(button) {
    const dialog = document.getElementById("confirm-dialog");
    $("[data-confirm-body]", dialog).textContent = button.dataset.confirmText;
    $("[data-confirm-yes]", dialog).onclick = () => {
      dialog.close();
      waiting = button;
      button.click();
      waiting = null;
    };
    dialog.showModal();
  }

  // the panel beside the work: whatever is swapped into it opens it
  let before = null;
  function closePanel() {
    const panel = document.getElementById("panel");
    if (!panel || panel.hidden) return;
    panel.hidden = true;
    $("#panel-body", panel).replaceChildren();
    before?.focus?.();
  }
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target?.id === "panel-body" && $("#panel").hidden) before = document.activeElement;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "panel-body") return;
    const panel = $("#panel");
    const wasHidden = panel.hidden;
    panel.hidden = false;
    if (wasHidden) panel.focus({ preventScroll: true });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      $("summary", menu).focus();
    } else {
      closePanel();
    }
  });

  // a refused or failed request leaves the page as it is and says why
  const alertBox = () => document.getElementById("page-alert");
  function say(text) {
    const note = document.createElement("p");
    note.className = "note tone-problem";
    note.textContent = text;
    alertBox()?.replaceChildren(note);
    note.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("htmx:beforeRequest", () => alertBox()?.replaceChildren());
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (xhr.status === 401) return; // session.js
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const words = page.querySelector("[data-error-text]") || page.querySelector("main p");
    say(words?.textContent.trim() || document.body.dataset.serverError || `${xhr.status}`);
  });

  // a box that scrolls sideways can be scrolled with the keyboard
  function reach() {
    for (const box of document.querySelectorAll(".table-box")) {
      if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
      else if (!box.hasAttribute("role")) box.removeAttribute("tabindex");
    }
  }
  reach();
  addEventListener("resize", reach);
  document.addEventListener("htmx:load", reach);

  // an error summary takes the focus, so that a screen reader and the eye land on it
  $("[data-focus]")?.focus();
  document.addEventListener("htmx:load", (event) => {
    const wanted = event.detail.elt.matches?.("[data-focus]") ? event.detail.elt : $("[data-focus]", event.detail.elt);
    wanted?.focus();
  });

  window.trialcapture = { ...window.trialcapture, say, closePanel };
})();
