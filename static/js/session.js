// The session's end never costs what was typed: a warning two minutes before, then a way to sign in again beside the page.
(() => {
  "use strict";
  const dialog = document.getElementById("session-dialog");
  if (!dialog) return;
  const { url, extend, person, minutes } = dialog.dataset;
  const WARN_SECONDS = 120;
  let endsAt = Date.now() + Number(minutes) * 60000;
  let timer = null;
  const repeats = []; // what to do again once signed in

  const part = (name) => {
    for (const section of dialog.querySelectorAll("[data-part]")) section.hidden = section.dataset.part !== name;
    if (!dialog.open) dialog.showModal();
  };
  const left = () => Math.round((endsAt - Date.now()) / 1000);

  // asks without prolonging: {signed_in, person, seconds, csrf}
  async function ask(address = url, options = {}) {
    const response = await fetch(address, { headers: { Accept: "application/json", ...options.headers }, ...options });
    if (!response.ok) throw new Error(`${response.status}`);
    return response.json();
  }

  function useToken(token) {
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
    for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
  }

  function apply(state) {
    if (!state.signed_in) return expired();
    if (String(state.person) !== person) return other();
    dialog.querySelector("[data-other]").hidden = true;
    useToken(state.csrf);
    endsAt = Date.now() + state.seconds * 1000;
    if (state.seconds > WARN_SECONDS) {
      if (dialog.open) dialog.close();
      for (const again of repeats.splice(0)) again();
    }
    return plan();
  }

  function expired() {
    part("expired");
    clearTimeout(timer);
    timer = setTimeout(check, 15000);
  }

  function other() {
    part("expired");
    dialog.querySelector("[data-other]").hidden = false;
  }

  async function check() {
    try {
      apply(await ask());
    } catch {
      part("offline");
    }
  }

  function plan() {
    clearTimeout(timer);
    const seconds = left();
    if (seconds > WARN_SECONDS) {
      // another tab may have prolonged the session: ask the server before warning
      timer = setTimeout(verify, Math.min((seconds - WARN_SECONDS) * 1000, 0x7fffffff));
    } else if (seconds > 0) {
      dialog.querySelector("[data-left]").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      part("warning");
      // once a quarter of a minute, look whether another tab prolonged it
      timer = setTimeout(seconds % 15 ? plan : verify, 1000);
    } else {
      verify();
    }
  }

  async function verify() {
    try {
      apply(await ask());
    } catch {
      timer = setTimeout(verify, 15000);
    }
  }

  async function stay() {
    try {
      const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
      apply(await ask(extend, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": token } }));
    } catch {
      check();
    }
  }

  dialog.querySelector("[data-extend-now]").addEventListener("click", stay);
  for (const button of dialog.querySelectorAll("[data-check]")) button.addEventListener("click", check);
  dialog.addEventListener("cancel", (event) => {
    if (!dialog.querySelector("[data-part=offline]:not([hidden])")) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && (dialog.open || left() < WARN_SECONDS)) check();
  });

  // a request that comes back as 401 is repeated after sign-in
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (xhr.status !== 401) return;
    repeats.push(() => {
      const { verb, path, elt, target } = requestConfig;
      window.htmx.ajax(verb, path, { source: elt, target });
    });
    expired();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) endsAt = Math.max(endsAt, Date.now() + Number(minutes) * 60000 - 60000);
  });

  // an ordinary form asks first whether the session is still there, so that the page is not left for nothing
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.dataset.sure === "1" || form.target) return;
    if (left() > WARN_SECONDS && !form.closest("[data-careful]")) return;
    event.preventDefault();
    const submitter = event.submitter;
    const send = () => {
      form.dataset.sure = "1";
      form.requestSubmit(submitter);
      delete form.dataset.sure;
    };
    ask().then((state) => {
      if (state.signed_in && String(state.person) === person) {
        useToken(state.csrf);
        send();
      } else {
        repeats.push(send);
        apply(state);
      }
    }).catch(() => {
      repeats.push(send);
      part("offline");
    });
  });

  window.trialcapture = { ...window.trialcapture, checkSession: check };
  plan();
})();
