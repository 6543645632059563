"use strict";
{
  const of = id => document.getElementById(id);
  const cards = of("cards"), all = [...cards.children];
  const [search, only, sort, turned] = ["search", "only", "sort", "turned"].map(of);
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const card of all) {
      const fits = words.every(word => card.dataset.text.includes(word));
      card.hidden = !fits || (only.value !== "" && card.dataset.standing !== only.value);
      shown += !card.hidden;
    }
    const way = turned.checked ? -1 : 1;
    const value = card => Number(card.dataset[sort.value]);
    cards.append(...[...all].sort((a, b) => way * (value(a) - value(b)) || a.dataset.at - b.dataset.at));
    of("count").textContent = `${shown} shown`;
  };
  const fill = card => {
    const kept = card.querySelector("script");
    if (!card.open || !kept) return;
    const inside = document.createElement("template");
    inside.innerHTML = JSON.parse(kept.textContent);
    kept.replaceWith(inside.content);
  };
  const open = () => {
    const card = all.find(each => "#" + each.id === location.hash);
    if (card) { card.open = true; card.scrollIntoView(); }
  };
  for (const each of [search, only, sort, turned]) each.addEventListener("input", show);
  cards.addEventListener("toggle", event => fill(event.target.closest(".card")), true);
  window.addEventListener("hashchange", open);
  show();
  open();
}
