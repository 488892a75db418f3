// Sliders that change a number of the form, a print button, and a chooser that needs no button.
// Without this script the page works: the sliders and the print button stay hidden.
function unlock() {
  for (const hidden of document.querySelectorAll("[data-field][hidden], [data-print][hidden]")) {
    hidden.hidden = false;
  }
}
document.addEventListener("DOMContentLoaded", unlock);
document.addEventListener("htmx:afterSwap", unlock);
document.addEventListener("input", (event) => {
  const slider = event.target;
  const field = slider.dataset && slider.dataset.field && document.getElementById(slider.dataset.field);
  if (!field) return;
  const unit = document.getElementsByName(slider.dataset.unit)[0];
  if (unit && unit.tagName === "SELECT") unit.selectedIndex = 0;
  field.value = Number(slider.value).toPrecision(3).replace(/\.?0+$/, (zeros) => (zeros.includes(".") ? "" : zeros));
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("change", (event) => {
  if (event.target.dataset && "submit" in event.target.dataset) event.target.form.requestSubmit();
});
document.addEventListener("click", (event) => {
  if (event.target.dataset && "print" in event.target.dataset) window.print();
});
