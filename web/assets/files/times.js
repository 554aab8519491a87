// Shows times in the reader's own zone. Without it they stand in UTC.
for (const t of document.querySelectorAll("time[datetime]")) {
  const at = new Date(t.dateTime);
  if (Number.isNaN(+at)) continue;
  const today = at.toDateString() === new Date().toDateString();
  const form = t.dataset.form === "date" || !today ? { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } : { hour: "2-digit", minute: "2-digit" };
  t.textContent = new Intl.DateTimeFormat(document.documentElement.lang, form).format(at);
  t.title = at.toLocaleString(document.documentElement.lang);
}
