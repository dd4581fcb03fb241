// Tables of a form: a block pasted from a spreadsheet, and the order of the lines.
(() => {
  "use strict";
  const form = document.getElementById("record-form");
  if (!form) return;

  // -- lines: as many as are wanted, with keys of their own, in few answers
  const AT_ONCE = 100;
  const newKey = () => [...crypto.getRandomValues(new Uint8Array(5))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  async function addLines(body, keys) {
    for (let from = 0; from < keys.length; from += AT_ONCE) {
      const query = new URLSearchParams(keys.slice(from, from + AT_ONCE).map((key) => ["key", key]));
      const before = body.rows.length;
      // what is typed goes along: it decides which cells the lines have
      await window.htmx?.ajax("POST", `${body.closest("table").dataset.lines}?${query}`, { source: form, target: body, swap: "beforeend" });
      if (body.rows.length === before) return; // refused: its words stand on the page
    }
  }
  (window.trialcapture ??= {}).addLines = addLines;

  // -- a column or a block pasted from a spreadsheet fills the cells below and to the right; lines are added as needed
  form.addEventListener("paste", async (event) => {
    const cell = event.target.closest("td");
    const text = event.clipboardData?.getData("text/plain") || "";
    const block = text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
    if (!cell?.querySelector(".cell") || (block.length < 2 && block[0].length < 2) || event.target.matches("textarea")) return;
    event.preventDefault();
    const { target } = event;
    const body = cell.closest("tbody");
    const first = cell.parentElement.sectionRowIndex;
    const wanted = first + block.length - body.rows.length;
    if (wanted > 0) await addLines(body, Array.from({ length: wanted }, newKey));
    block.forEach((values, down) => {
      const row = body.rows[first + down];
      values.forEach((value, right) => {
        const at = row?.cells[cell.cellIndex + right]?.querySelector(".cell");
        if (!put(at, value.trim())) tell(at || row?.cells[row.cells.length - 2]?.querySelector(".cell"), value.trim());
      });
    });
    target.focus();
    body.dispatchEvent(new Event("change", { bubbles: true }));
  });
  // whether the cell took it; what cannot be read is taken as typed, and the server says so at its place
  function put(cell, value) {
    const choices = [...(cell?.querySelectorAll("input[type=radio], input[type=checkbox]") || [])];
    const among = (options, words) => options.find(([code, label]) => [code, label.trim()].some((said) => said.toLowerCase() === words.toLowerCase()))?.[2];
    if (choices.length) {
      const isMany = choices[0].type === "checkbox";
      const parts = (isMany ? value.split(/[,;，；、]/) : [value]).map((part) => part.trim()).filter(Boolean);
      const chosen = parts.map((part) => among(choices.map((one) => [one.value, one.parentElement.textContent, one]), part));
      if (chosen.includes(undefined)) return false;
      for (const one of choices) one.checked = chosen.includes(one);
      return true;
    }
    const input = cell?.querySelector("select[data-search], input:not([type=hidden]):not([type=file]):not([role=combobox]), select:not([data-missing])");
    if (!input) return !value;
    if (input.tagName !== "SELECT") {
      input.value = value;
      return true;
    }
    const option = among([...input.options].map((one) => [one.value, one.text, one]), value);
    if (option) {
      input.value = option.value;
      input.dispatchEvent(new Event("change"));
    }
    return Boolean(option);
  }
  // a value that no cell takes is named where it was to stand, and changes nothing there
  function tell(cell, value) {
    if (!cell || !value) return;
    const note = document.createElement("p");
    note.className = "item__note tone-problem";
    note.textContent = `${cell.closest("table").dataset.refusal} “${value.slice(0, 80)}”`;
    note.dataset.notTaken = "";
    cell.parentElement.append(note); // beside what the server replaces by its answers
  }
  // the note goes when the cell is filled by hand
  form.addEventListener("change", (event) => {
    event.target.closest("td")?.querySelectorAll("[data-not-taken]").forEach((note) => note.remove());
  });

  // -- the order of lines: what is posted first stands first
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    const row = button.closest("tr");
    const other = button.dataset.move === "1" ? row.nextElementSibling : row.previousElementSibling;
    if (!other) return;
    other[button.dataset.move === "1" ? "after" : "before"](row);
    [...row.parentElement.rows].forEach((one, index) => {
      const number = one.querySelector("[data-line-number]");
      if (number && number.textContent.trim() !== "+") number.textContent = index + 1;
    });
    button.focus();
    row.querySelector("input")?.dispatchEvent(new Event("change", { bubbles: true }));
  });
})();
