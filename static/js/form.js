// The form: asks the server what changes by what is typed, keeps a draft there and in this browser, and has keys.
(() => {
  "use strict";
  const form = document.getElementById("record-form");
  const bar = document.getElementById("save-state");
  if (!form || !bar) return; // nothing can be entered here
  const words = form.dataset;
  const evaluator = document.getElementById("evaluator");
  const storageKey = `trialcapture:${words.key}`;
  let isChanged = false;
  let isLeaving = false;

  const token = () => form.querySelector("input[name=csrfmiddlewaretoken]").value;
  const now = () => new Date().toLocaleTimeString(document.documentElement.lang, { hour12: false });
  const say = (text) => { bar.textContent = text; };

  // -- what changes by what is typed: never more than one question under way, a save waits for the answer
  let evaluating = null;
  function evaluateSoon(delay) {
    clearTimeout(evaluating);
    evaluating = setTimeout(() => {
      evaluating = null;
      window.htmx?.trigger(evaluator, "evaluate");
    }, delay);
  }
  // an input that is swapped away under the cursor gives the focus to the next one
  let focused = "";
  document.addEventListener("htmx:oobBeforeSwap", () => { focused = document.activeElement?.id || ""; });
  document.addEventListener("htmx:oobAfterSwap", () => {
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  });

  // -- the draft: within two seconds to the server, at once into this browser
  const typed = () => {
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (typeof value === "string" && !["csrfmiddlewaretoken", "_signatures", "action"].includes(name)) data.append(name, value);
    }
    return data;
  };
  let drafting = null; // the timer of the next one
  function draftSoon() {
    isChanged = true;
    keepHere();
    // not put off by what is typed next: whoever types on and on is kept too
    drafting ??= setTimeout(keepDraft, 1200);
  }
  function keepHere() {
    try {
      localStorage.setItem(storageKey, JSON.stringify({ at: Date.now(), path: location.pathname, fields: typed().toString() }));
    } catch {
      // a full or closed storage only loses the fallback
    }
  }
  function dropHere() {
    try {
      localStorage.removeItem(storageKey);
    } catch {
      // as above
    }
  }
  // what the server settled (saved, thrown away) waits here no more; a line may have come to lie at another address
  function dropSettled() {
    const settled = new Set([...document.querySelectorAll("[data-settled]")].map((note) => note.dataset.settled));
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith("trialcapture:draft:") && settled.has(JSON.parse(localStorage.getItem(key)).path)) localStorage.removeItem(key);
      }
    } catch {
      // as above
    }
  }
  async function keepDraft() {
    drafting = null;
    const body = typed();
    body.append("csrfmiddlewaretoken", token());
    try {
      const response = await fetch(words.draft, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": token() } });
      if (response.status === 401) window.trialcapture?.checkSession?.();
      if (!response.ok) throw new Error(`${response.status}`);
      const { at, taken: takenBy } = await response.json();
      tellTaken(takenBy);
      if (!isLeaving) say(`${words.unsaved} · ${words.kept} ${at}`);
      // what the server keeps need not be restored from here, unless something was typed meanwhile
      if (drafting === null) dropHere();
    } catch {
      if (!isLeaving) say(`${words.keptHere} ${now()}`);
      stopDrafting();
      drafting = setTimeout(keepDraft, 15000);
    }
  }
  function stopDrafting() {
    clearTimeout(drafting);
    drafting = null;
  }
  async function restoreHere() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(storageKey));
    } catch {
      dropHere();
    }
    if (!kept?.fields || document.querySelector(".errors")) return;
    if (kept.fields === typed().toString()) return; // the page shows it already
    const fields = new URLSearchParams(kept.fields);
    const own = fields.get("revision");
    if (own !== form.elements.revision.value) form.elements.revision.value = own; // the save will offer a merge
    await bringLines(fields);
    fill(fields);
    const note = document.createElement("p");
    note.className = "note tone-info";
    note.textContent = `${words.recovered} ${new Date(kept.at).toLocaleString(document.documentElement.lang, { hour12: false })}`;
    document.getElementById("local-draft")?.replaceChildren(note);
    draftSoon();
    evaluateSoon(0);
  }
  // lines that were added and not saved: the page has them again, under their own keys
  async function bringLines(fields) {
    for (const body of form.querySelectorAll("tbody[id^=lines-]")) {
      const group = body.id.slice("lines-".length);
      const keys = [...fields.keys()].map((name) => name.split(".")).filter((parts) => parts[0] === group && parts[2] === "_line").map((parts) => parts[1]);
      const known = new Set([...body.rows].map((row) => row.dataset.line));
      await window.trialcapture.addLines(body, keys.filter((key) => !known.has(`${group}.${key}`)));
    }
  }
  function fill(fields) {
    for (const name of new Set(fields.keys())) {
      if (name === "revision") continue;
      const values = fields.getAll(name);
      for (const input of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (input.type === "radio" || input.type === "checkbox") input.checked = values.includes(input.value);
        else if (input.type !== "hidden") input.value = values[values.length - 1];
        if (input.matches("[data-search]")) input.dispatchEvent(new Event("change"));
      }
    }
  }

  form.addEventListener("input", (event) => {
    if (event.target.type === "file") return;
    draftSoon();
    evaluateSoon(400);
  });
  form.addEventListener("change", (event) => {
    const { target } = event;
    if (target.matches("[data-missing]")) target.classList.toggle("missing--set", target.value !== "");
    draftSoon();
    evaluateSoon(80);
  });
  window.addEventListener("beforeunload", (event) => {
    // typed less than two seconds ago and not with the server yet
    if (isChanged && drafting !== null && !isLeaving) event.preventDefault();
  });

  // -- saving: the reason is asked once, the place is kept
  const reasonBlock = document.getElementById("reason-block");
  const reasonDialog = document.getElementById("reason-dialog");
  let pending = null;
  let at = ""; // where the cursor was when the save began
  if (reasonBlock && reasonDialog) reasonDialog.querySelector("[data-reason-place]").append(reasonBlock);
  const hasReason = () => {
    const code = form.elements.reason_code;
    const needsWords = !code?.value || code.selectedOptions[0]?.hasAttribute("data-needs-words");
    return needsWords ? form.elements.reason?.value.trim() : code.value;
  };
  form.addEventListener("submit", (event) => {
    if (reasonDialog && isChanged && !hasReason()) {
      event.preventDefault();
      event.stopImmediatePropagation();
      pending = event.submitter;
      reasonDialog.showModal();
      form.elements.reason_code.focus();
    }
  }, true);
  reasonDialog?.querySelector("[data-reason-go]").addEventListener("click", () => {
    if (!hasReason()) {
      form.elements.reason.focus();
      return;
    }
    reasonDialog.close();
    form.requestSubmit(pending);
  });
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    isLeaving = true;
    clearTimeout(evaluating);
    // session.js, which hears of it next, may hold it back: no session, no server
    setTimeout(() => {
      if (!event.defaultPrevented) return;
      isLeaving = false;
      draftSoon();
    }, 0);
    stopDrafting();
    keepHere();
    say(words.saving);
    at ||= document.activeElement?.id;
    sessionStorage.setItem(`${storageKey}:place`, JSON.stringify({ at, scroll: window.scrollY }));
  });
  function backToPlace() {
    const key = `${storageKey}:place`;
    const place = JSON.parse(sessionStorage.getItem(key) || "null");
    sessionStorage.removeItem(key);
    if (!place || document.querySelector(".errors")) return;
    window.scrollTo(0, place.scroll);
    document.getElementById(place.at)?.focus({ preventScroll: true });
  }

  // -- keys
  function clickSubmit(selector) {
    const button = form.querySelector(selector);
    if (!button) return;
    at = document.activeElement?.id;
    document.activeElement?.blur?.(); // what is being typed counts
    form.requestSubmit(button);
  }
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const isControl = event.ctrlKey || event.metaKey;
    if (isControl && event.key.toLowerCase() === "s") {
      event.preventDefault();
      clickSubmit("[data-save]");
    } else if (isControl && event.key === "Enter") {
      event.preventDefault();
      clickSubmit("[data-complete]");
    } else if (!isControl) {
      itemKey(event);
    }
  });
  function itemKey(event) {
    const item = event.target.closest("[data-item]");
    if (!item || !form.contains(item)) return;
    const isText = event.target.matches("textarea, input:not([type=radio]):not([type=checkbox]), select");
    if (event.key.toLowerCase() === "m" && (event.altKey || !isText)) nextMissing(event, item);
    else if (event.altKey) return;
    else if (event.key === "t" && event.target.matches("[data-date]")) today(event);
    else if (!isText) choose(event, item);
  }
  function nextMissing(event, item) {
    const select = item.querySelector("[data-missing]");
    if (!select) return;
    event.preventDefault();
    select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function today(event) {
    event.preventDefault();
    // the site's day, wherever the reader is; Sweden writes it as we do
    event.target.value = new Date().toLocaleDateString("sv-SE", { timeZone: words.zone });
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
  }
  function choose(event, item) {
    const inputs = [...item.querySelectorAll("input[type=radio], input[type=checkbox]")];
    let chosen = null;
    if (/^[1-9]$/.test(event.key)) chosen = inputs[Number(event.key) - 1];
    else if (item.querySelector("[data-yesno]")) chosen = inputs.find((input) => input.value === event.key.toUpperCase());
    if (!chosen) return;
    event.preventDefault();
    chosen.focus();
    chosen.click();
  }
  form.addEventListener("click", (event) => {
    const clear = event.target.closest("[data-clear]");
    if (!clear) return;
    for (const input of clear.parentElement.querySelectorAll("input[type=radio]")) input.checked = false;
    clear.parentElement.dispatchEvent(new Event("change", { bubbles: true }));
  });

  // -- who else has the form: told with each draft, and every half minute
  const taken = document.getElementById("taken");
  function tellTaken(text) {
    if (!taken) return;
    taken.hidden = !text;
    taken.textContent = text || "";
  }
  setInterval(async () => {
    if (document.hidden || !words.ping) return;
    try {
      const response = await fetch(words.ping, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": token() } });
      if (response.ok) tellTaken((await response.json()).taken);
    } catch {
      // no line: the draft says so
    }
  }, 30000);
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.matches?.("tbody[id^=lines-]")) event.detail.target.lastElementChild?.querySelector("input:not([type=hidden])")?.focus();
  });

  const keys = document.getElementById("form-keys");
  if (keys) document.querySelector("#keys-dialog .keys")?.append(keys.content.cloneNode(true));
  if (document.querySelector(".errors")) isChanged = true;
  // what was typed before this script was there counts too, on a slow line
  function differs(input) {
    if (input.type === "radio" || input.type === "checkbox") return input.checked !== input.defaultChecked;
    if (input.tagName === "SELECT") return input.selectedIndex !== Math.max([...input.options].findIndex((one) => one.defaultSelected), 0);
    return input.matches("input:not([type=file]):not([role=combobox]), textarea") && input.value !== input.defaultValue;
  }
  const early = [...form.elements].filter(differs).map((input) => [input, input.value, input.checked]);
  dropSettled();
  restoreHere().then(() => {
    for (const [input, value, isChecked] of early) {
      if (input.type === "radio" || input.type === "checkbox") input.checked = isChecked;
      else input.value = value;
    }
    if (early.length) {
      draftSoon();
      evaluateSoon(0);
    }
    backToPlace();
  });
})();
