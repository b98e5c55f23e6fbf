// The page of imports with script: says at once that a file is too large, and that one is being sent. Without script the
// browser sends the form all the same.
"use strict";

(() => {
  const form = document.getElementById("send");
  const file = document.getElementById("sheet");
  const large = document.getElementById("too-large");
  const most = Number(form.dataset.most);

  const tooLarge = () => file.files.length > 0 && file.files[0].size > most;

  const told = () => {
    large.textContent = tooLarge() ? form.dataset.tooLarge : "";
    large.hidden = !tooLarge();
  };

  file.addEventListener("change", told);

  form.addEventListener("submit", (event) => {
    told();
    if (tooLarge()) {
      event.preventDefault();
      file.focus();
      return;
    }
    document.getElementById("sending").hidden = false;
    form.querySelector("button").disabled = true;
  });

  // Back from another page: the browser may show this one as it was left.
  window.addEventListener("pageshow", () => {
    document.getElementById("sending").hidden = true;
    form.querySelector("button").disabled = false;
    told();
  });
})();
