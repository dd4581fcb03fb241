// Long lists of a form: searched by typing.
(() => {
  "use strict";
  const form = document.getElementById("record-form");
  if (!form) return;
  const SHORT = 7; // options, the empty one among them: seen at a glance

  // -- a long list is searched by typing; without script it stays the browser's own
  function searchable(select) {
    if (select.dataset.ready || select.options.length <= SHORT) return;
    select.dataset.ready = "1";
    const box = document.createElement("div");
    const input = document.createElement("input");
    const list = document.createElement("ul");
    box.className = "combobox";
    // label, error summary and keys lead to what is seen
    input.id = select.id;
    select.id = `${input.id}-value`;
    list.id = `${input.id}-list`;
    list.hidden = true;
    list.setAttribute("role", "listbox");
    input.className = "form-control";
    input.autocomplete = "off";
    for (const [name, value] of [["role", "combobox"], ["aria-expanded", "false"], ["aria-controls", list.id], ["aria-autocomplete", "list"], ["aria-label", select.ariaLabel || ""], ["aria-describedby", select.getAttribute("aria-describedby") || ""]]) input.setAttribute(name, value);
    input.placeholder = select.dataset.search;
    select.before(box);
    box.append(input, list);
    select.hidden = true;
    const shown = () => { input.value = select.selectedOptions[0]?.text.trim() || ""; };
    let at = -1;
    function open(words) {
      const wanted = words.trim().toLowerCase();
      const options = [...select.options].filter((one) => one.value && one.text.toLowerCase().includes(wanted));
      list.replaceChildren(...options.map((one) => {
        const item = document.createElement("li");
        item.setAttribute("role", "option");
        item.id = `${list.id}-${one.index}`;
        item.dataset.value = one.value;
        item.textContent = one.text.trim();
        return item;
      }));
      if (!options.length) {
        const none = document.createElement("li");
        none.className = "combobox__none";
        none.textContent = select.dataset.none;
        list.append(none);
      }
      at = options.length ? 0 : -1;
      mark();
      list.hidden = false;
      place();
      input.setAttribute("aria-expanded", "true");
    }
    // in a table that scrolls by itself the list lies above it, not cut off inside
    function place() {
      if (!select.closest(".table-box")) return;
      const box = input.getBoundingClientRect();
      list.classList.add("combobox__over");
      list.style.top = `${Math.min(box.bottom, window.innerHeight - list.offsetHeight)}px`;
      list.style.left = `${Math.min(box.left, window.innerWidth - list.offsetWidth)}px`;
    }
    function mark() {
      [...list.querySelectorAll("[role=option]")].forEach((one, index) => one.setAttribute("aria-selected", index === at));
      input.setAttribute("aria-activedescendant", list.children[at]?.id || "");
      list.children[at]?.scrollIntoView({ block: "nearest" });
    }
    function close() {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
    }
    function choose(value) {
      select.value = value;
      close();
      shown();
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    input.addEventListener("input", (event) => {
      event.stopPropagation();
      open(input.value);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) open("");
        else {
          at = Math.max(0, Math.min(list.querySelectorAll("[role=option]").length - 1, at + (event.key === "ArrowDown" ? 1 : -1)));
          mark();
        }
      } else if (event.key === "Enter" && !list.hidden && !event.ctrlKey) {
        event.preventDefault();
        if (at >= 0) choose(list.children[at].dataset.value);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
        shown();
      }
    });
    input.addEventListener("blur", () => {
      const found = list.hidden ? [] : list.querySelectorAll("[role=option]");
      if (!input.value.trim() && select.value) choose("");
      else if (input.value.trim() && found.length === 1) choose(found[0].dataset.value); // only one it can be
      close();
      shown();
    });
    list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const item = event.target.closest("[role=option]");
      if (item) choose(item.dataset.value);
    });
    select.addEventListener("change", shown);
    select.closest(".table-box")?.addEventListener("scroll", close);
    window.addEventListener("scroll", () => { if (!list.hidden) place(); }, { passive: true });
    shown();
  }
  const searchAll = () => form.querySelectorAll("select[data-search]").forEach(searchable);
  document.addEventListener("htmx:oobAfterSwap", searchAll);
  document.addEventListener("htmx:afterSwap", searchAll);
  searchAll();
})();
