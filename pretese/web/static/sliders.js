// Show the value of a slider beside it while it moves; without this script the page still works.
document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.type !== "range") return;
  const shown = field.parentElement.querySelector("output");
  if (shown) shown.textContent = field.value;
});
