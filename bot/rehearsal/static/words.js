// The sentences of the page, as the server sent them.

let languages = { en: {} };

export function learn(words) {
  languages = words;
}

export function known() {
  return Object.keys(languages);
}

export function say(language, key, fields = {}) {
  const sentence = languages[language]?.[key] ?? languages.en[key] ?? key;
  return sentence.replace(/\{\{|\}\}|\{(\w+)\}/g, (all, name) => (name ? String(fields[name] ?? all) : all[0]));
}

// The reader's own region of a language, where the browser knows one: en is en-GB to somebody in London.
function region(language) {
  return navigator.languages.find((one) => one.split("-")[0] === language) ?? language;
}

export function clock(language, time) {
  return new Intl.DateTimeFormat(region(language), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(time));
}

export function day(language, time) {
  return new Intl.DateTimeFormat(region(language), { weekday: "long", day: "numeric", month: "long" }).format(new Date(time));
}

export function size(language, bytes) {
  const [amount, unit] = bytes < 1e6 ? [bytes / 1e3, "kilobyte"] : [bytes / 1e6, "megabyte"];
  return new Intl.NumberFormat(region(language), { style: "unit", unit, maximumFractionDigits: amount < 10 ? 1 : 0 }).format(amount);
}
