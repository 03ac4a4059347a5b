// The words of the page's language. See src/http/console/message.rs.

const language = document.documentElement.lang || "en";
const { default: texts } = await import(`./messages.${language}.js`);
const plural = new Intl.PluralRules(language);
const numbers = new Intl.NumberFormat(language);

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** A message, its placeholders filled in. */
export function t(key, values = {}) {
  return filled(texts[key] ?? key, values);
}

/** A message about a number, which is its placeholder `{n}`. */
export function count(key, n, values = {}) {
  const text = texts[`${key}.${plural.select(n)}`] ?? texts[`${key}.other`] ?? key;
  return filled(text, { n: numbers.format(n), ...values });
}

// So that one name reaches both, and the test that looks for missing messages sees them.
t.count = count;

/** A number as people of the language write it. */
export const number = (n) => numbers.format(n);
export { language };
