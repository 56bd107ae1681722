// Lays the pictures of a moment over each other. Without this script they stand side by side.
for (const moment of document.querySelectorAll(".moment")) {
  const slider = moment.querySelector("input");
  if (!slider) continue;
  const show = () => {
    moment.style.setProperty("--cut", 100 - slider.value + "%");
    slider.setAttribute("aria-valuetext", slider.value + " % invented");
  };
  slider.addEventListener("input", show);
  slider.parentElement.hidden = false;
  moment.classList.add("sliding");
  show();
}
