"use strict";
// Columns of a table with class "sortable" sort on a press of their heading.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = [...table.querySelectorAll("th[data-column]")];
  for (const heading of headings) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const order = heading.getAttribute("aria-sort") === "descending" ? "ascending" : "descending";
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", order);
      const column = Number(heading.dataset.column);
      const number = (row) => {
        const value = row.cells[column].dataset.value;
        return value === "" ? null : Number(value);
      };
      const compared = (left, right) => {
        const [a, b] = [number(left), number(right)];
        if (a === null || b === null) return (a === null) - (b === null);
        return order === "ascending" ? a - b : b - a;
      };
      body.append(...[...body.rows].sort(compared));
    });
  }
}
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details.printed")) details.open = true;
});
