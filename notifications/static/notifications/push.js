/* The button that subscribes this browser; it is shown where the browser can. */
(function () {
  "use strict";
  var box = document.getElementById("push");
  if (!box || !("serviceWorker" in navigator) || !("PushManager" in window)) return;
  var button = box.querySelector("button");
  var told = box.querySelector("[role=status]");
  box.hidden = false;

  function bytes(text) {
    var raw = window.atob(text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - text.length % 4) % 4));
    return Uint8Array.from(raw, function (letter) { return letter.charCodeAt(0); });
  }
  function keep(subscription) {
    return window.fetch(box.dataset.devices, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": box.querySelector("[name=csrfmiddlewaretoken]").value },
      body: JSON.stringify(subscription.toJSON()),
    }).then(function (answer) {
      if (!answer.ok) return answer.json().then(function (why) { throw new Error(why.message); });
      window.location.reload();
    });
  }
  button.addEventListener("click", function () {
    told.textContent = "Asking the browser.";
    button.disabled = true;
    navigator.serviceWorker.register(box.dataset.worker).then(function () {
      return navigator.serviceWorker.ready;
    }).then(function (registration) {
      return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(box.dataset.key) });
    }).then(keep).catch(function (error) {
      told.textContent = "This browser takes none: " + error.message;
      button.disabled = false;
    });
  });
})();
