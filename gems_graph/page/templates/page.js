"use strict";
// Pieces of a run that goes on replace the ones that are there; the rest is plain HTML.
const byId = (id) => document.getElementById(id);

function put({ id, slot, html, v }) {
  const old = byId(id);
  if (old && old.dataset.v === v) return;
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const fresh = holder.content.firstElementChild;
  fresh.dataset.v = v;
  if (!old) return void byId(slot)?.append(fresh);
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(fresh);
  if (focused) fresh.querySelector(focused.tagName)?.focus();
}

async function lookAgain() {
  const answer = await fetch(location.href, { headers: { "X-Piece": "main" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const old = byId("main");
  const lost = old.contains(document.activeElement);
  old.replaceWith(fresh.getElementById("main"));
  const at = byId("question") ?? (lost ? document.querySelector("main h1") : null);
  at?.focus();
  begin();
}

let source = null;

function watch(url) {
  source = new EventSource(url);
  source.addEventListener("piece", (event) => put(JSON.parse(event.data)));
  source.addEventListener("over", () => { source.close(); source = null; lookAgain(); });
  source.addEventListener("error", () => {
    if (source?.readyState === EventSource.CLOSED) { source = null; lookAgain(); }
  });
}

function begin() {
  const at = document.querySelector("[data-events]");
  if (at && !source) watch(at.dataset.events);
}

document.addEventListener("visibilitychange", () => {
  // a browser opens six connections to a server: a hidden tab keeps none
  if (document.hidden) { source?.close(); source = null; } else if (document.querySelector("[data-events]")) lookAgain();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches("[data-enter]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-stay")) return;
  event.preventDefault();
  await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, event.submitter)) });
});
begin();
