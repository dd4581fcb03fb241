// Tables of a form: a block pasted from a spreadsheet, and the order of the lines.
(() => {
  "use strict";
  const form = document.getElementById("record-form");
  if (!form) return;

  // -- a column or a block pasted from a spreadsheet fills the cells below and to the right; lines are added as needed
  form.addEventListener("paste", async (event) => {
    const cell = event.target.closest("td");
    const text = event.clipboardData?.getData("text/plain") || "";
    const block = text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
    if (!cell || (block.length < 2 && block[0].length < 2) || event.target.matches("textarea")) return;
    event.preventDefault();
    const body = cell.closest("tbody");
    const first = cell.parentElement.sectionRowIndex;
    while (body.rows.length < first + block.length) {
      if (!(await addLine(body))) break;
    }
    block.forEach((values, down) => {
      const row = body.rows[first + down];
      values.forEach((value, right) => put(row?.cells[cell.cellIndex + right], value.trim()));
    });
    event.target.dispatchEvent(new Event("change", { bubbles: true }));
  });
  async function addLine(body) {
    const before = body.rows.length;
    await window.htmx?.ajax("GET", body.closest("table").dataset.lines, { target: body, swap: "beforeend" });
    return body.rows.length > before;
  }
  function put(cell, value) {
    const choices = [...(cell?.querySelectorAll("input[type=radio], input[type=checkbox]") || [])];
    const same = (one) => one.value === value || one.parentElement.textContent.trim().toLowerCase() === value.toLowerCase();
    if (choices.length) {
      const chosen = choices.find(same);
      if (chosen) chosen.checked = true;
      return;
    }
    const input = cell?.querySelector("select[data-search], input:not([type=hidden]):not([type=file]):not([role=combobox]), select:not([data-missing])");
    if (!input) return;
    if (input.tagName === "SELECT") {
      const option = [...input.options].find((one) => one.value === value || one.text.trim().toLowerCase() === value.toLowerCase());
      if (option) input.value = option.value;
    } else input.value = value;
  }

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
