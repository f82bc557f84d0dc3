// The form: what stands in its fields, and what is said beside each of them.

const at = (id) => document.getElementById(id);
const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const words = data.words;

function element(name, attributes = {}, text = null) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== null) made.textContent = text;
  return made;
}

// Full-width digits of Chinese keyboards and the minus sign of print are numbers too; a comma is not guessed.
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const asNumber = (text) => {
  const plain = text.normalize("NFKC").trim().replace(/\u2212/g, "-");
  return NUMBER.test(plain) ? Number(plain) + 0 : NaN;
};

function readField(field, place) {
  const input = at(`field-${place}`), unknown = at(`unknown-${place}`);
  if (unknown !== null && unknown.checked) return { value: null };
  if (input.value.trim() === "") return { waiting: true };
  const value = field.kind === "number" ? asNumber(input.value) : Number(input.value);
  if (Number.isNaN(value)) return { fault: { code: "C10", rule: field.not_a_number, way_out: "", own: null } };
  const fault = faultOf(field, value);
  return fault === null ? { value, remarks: remarksOn(field, value) } : { value, fault };
}

// The model's words; on a page in another language after a sentence of that language.
function faultText(fault, shown) {
  const advice = fault.way_out ? ` ${filled(words.way_out, { way_out: fault.way_out })}` : "";
  const value = shown === "" ? "" : `${shown}: `, stop = /[.。]$/.test(fault.rule) ? "" : ".";
  return [fault.own, `${value}${fault.rule}${stop}${advice} [${fault.code}]`];
}

function sayIn(place, lines) {
  const box = at(`message-${place}`), english = data.language !== "en";
  const [own, said] = lines;
  box.replaceChildren();
  if (own) box.append(element("span", {}, own));
  if (said) box.append(element("span", own && english ? { class: "original", lang: "en" } : {}, said));
}

// `finished`: whether what is being typed may be judged; a value half written is not yet wrong.
function showField(field, place, read, finished) {
  const input = at(`field-${place}`), wrong = Boolean(read.fault);
  if (!wrong) {
    sayIn(place, []);
    input.removeAttribute("aria-invalid");
  } else if (finished || input.getAttribute("aria-invalid") === "true") {
    input.setAttribute("aria-invalid", "true");
    sayIn(place, faultText(read.fault, field.kind === "number" ? input.value.trim() : ""));
  }
  const notes = (read.remarks || []).map((remark) => element("span", {}, remark.own || remark.text));
  at(`note-${place}`).replaceChildren(...notes);
}

function prepareForm() {
  fields.forEach((field, place) => {
    const unknown = at(`unknown-${place}`);
    if (unknown === null) return;
    unknown.addEventListener("change", () => {
      // what is not known must not stand there as if it were used
      if (unknown.checked) at(`field-${place}`).value = "";
      at(`field-${place}`).disabled = unknown.checked;
    });
  });
}

function clearForm() {
  at("form").reset();
  fields.forEach((_, place) => {
    at(`field-${place}`).disabled = false;
    at(`field-${place}`).removeAttribute("aria-invalid");
    sayIn(place, []);
  });
}
