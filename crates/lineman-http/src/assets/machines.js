// The machines, asked for again every two seconds while the page is visible. All text is set as text, never as markup.
const PAUSE = 2000;
const MOST = 200;
const HABITS = ["size-probe", "closed", "repeated", "server-stopped", "untold", "missing"];

const at = (id) => document.getElementById(id);
const make = (name, text, kind) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
};

let lang = navigator.language.startsWith("zh") ? "zh" : "en";
let words;
let seen;

const seconds = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(0)) + " s";
const size = (bytes) => {
  const units = ["B", "KB", "MB", "GB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
  return (unit === 0 ? bytes : bytes.toFixed(1)) + " " + units[unit];
};

function step(it, stopped) {
  const say = words[lang];
  let kind = it.outcome === "complete" ? "done" : HABITS.includes(it.outcome) ? "habit" : "fault";
  if (it.outcome === "running") kind = "running";
  if (stopped) kind = "fault";
  const parts = [say.roles[it.role], it.file, it.protocol === "http" ? "HTTP" : ""];
  if (it.outcome === "complete") parts.push(size(it.bytes), seconds(it.seconds));
  else if (it.outcome === "running") parts.push(say.outcomes.running, seconds(it.seconds));
  else parts.push(say.outcomes[it.outcome]);
  return make("li", parts.filter(Boolean).join(" · "), kind);
}

function row(machine) {
  const say = words[lang];
  const tr = make("tr", undefined, machine.state);
  const who = make("td", machine.address, "address");
  if (machine.mac) who.append(make("small", machine.mac));
  const what = make("td", machine.firmware.join(" → "));
  what.append(make("small", say.boots + " " + machine.boots));
  const line = make("ol");
  machine.requests.forEach((it, nth) => line.append(step(it, nth === machine.stopped_at)));
  if (machine.left_out > 0) line.append(make("li", "… " + machine.left_out, "habit"));
  const steps = make("td");
  steps.append(line);
  const how = make("td", machine.text[lang], "how");
  how.append(make("small", say.ago + " " + seconds(machine.heard_seconds_ago)));
  tr.append(who, what, steps, how);
  return tr;
}

function show() {
  const say = words[lang];
  document.documentElement.lang = lang;
  document.title = "lineman · " + say.title;
  at("title").textContent = say.title;
  at("lang").textContent = lang === "zh" ? "English" : "中文";
  at("note").textContent = say.note;
  at("head").replaceChildren(...say.head.map((text) => make("th", text)));
  if (!seen) return;
  at("state").textContent = say.shown.replace("{shown}", seen.machines.length).replace("{total}", seen.total);
  at("rows").replaceChildren(...seen.machines.map(row));
}

async function ask() {
  if (document.visibilityState === "visible") {
    try {
      words ??= await (await fetch("/machines/words.json")).json();
      const answer = await fetch("/machines.json?most=" + MOST);
      if (!answer.ok) throw new Error(answer.statusText);
      seen = await answer.json();
      show();
    } catch {
      at("state").textContent = words ? words[lang].gone : "…";
    }
  }
  setTimeout(ask, PAUSE);
}

at("lang").addEventListener("click", () => {
  lang = lang === "zh" ? "en" : "zh";
  if (words) show();
});
ask();
