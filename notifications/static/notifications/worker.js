/* Shows push messages, also while no page is open. What it is sent: title, body, link (a path of this site), tag. */
self.addEventListener("push", function (event) {
  var message = event.data ? event.data.json() : { title: "Forkroad", body: "" };
  // A repeat of the same notice replaces the first on the screen.
  event.waitUntil(self.registration.showNotification(message.title, {
    body: message.body, tag: message.tag, data: { link: message.link || "/notices/" },
  }));
});
self.addEventListener("notificationclick", function (event) {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data.link));
});
