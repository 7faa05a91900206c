// Lists with type-ahead, repeated rows, photos made small before they travel. All of it works without this file, plainly;
// what somebody did before it came stands.
const words = document.getElementById("xq-words")?.dataset ?? {};
const SHOWN = 60;

function element(tag, attributes, text) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// ---- type-ahead: select[data-xq-combo]
function combo(select) {
  if (select.dataset.xqAdopted) return;
  select.dataset.xqAdopted = "1";
  const id = select.id;
  const box = element("div", { class: "xq-combo" });
  const input = element("input", {
    class: "form-control", type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", "data-xq-nodraft": "",
    "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": `${id}-list`, id,
  });
  for (const name of ["aria-describedby", "aria-invalid", "aria-required"]) {
    if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
  }
  if (select.classList.contains("is-invalid")) input.classList.add("is-invalid");
  input.placeholder = select.dataset.placeholder ?? words.comboHint ?? "";
  const list = element("ul", { class: "xq-combo-list", role: "listbox", id: `${id}-list`, hidden: "" });
  const picked = select.multiple ? element("ul", { class: "xq-picked" }) : null;
  const label = document.querySelector(`label[for="${CSS.escape(id)}"]`);
  if (label) list.setAttribute("aria-label", label.firstChild?.textContent.trim() ?? "");
  const held = document.activeElement === select;
  select.id = `${id}-select`;
  select.hidden = true;
  select.after(box);
  if (picked) box.append(picked);
  box.append(input, list);
  if (held) input.focus();
  let active = -1;

  const options = () => [...select.options].filter((option) => option.value !== "" && !option.disabled);
  const fold = (text) => text.toLowerCase().replace(/\s+/g, "");
  const found = (typed) =>
    options().filter((option) => !(select.multiple && option.selected) && fold(option.text + (option.dataset.find ?? "")).includes(typed));

  function show() {
    const chosen = select.selectedOptions[0];
    const typed = !select.multiple && chosen?.value && input.value === chosen.text ? "" : fold(input.value);
    const rows = found(typed).slice(0, SHOWN);
    list.replaceChildren(
      ...rows.map((option, at) => {
        const row = element("li", { role: "option", id: `${id}-option-${at}`, "aria-selected": "false" }, option.text);
        row.addEventListener("mousedown", (event) => {
          event.preventDefault();
          choose(option);
        });
        row.option = option;
        return row;
      }),
    );
    if (!rows.length) list.append(element("li", { class: "xq-combo-none", role: "option", "aria-disabled": "true", "aria-selected": "false" }, words.comboNone));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(typed && rows.length ? 0 : -1);
  }
  function hide() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
    active = -1;
  }
  function mark(at) {
    const rows = [...list.querySelectorAll("[role=option]:not(.xq-combo-none)")];
    rows.forEach((row, place) => row.setAttribute("aria-selected", String(place === at)));
    active = at;
    if (at >= 0 && rows[at]) {
      input.setAttribute("aria-activedescendant", rows[at].id);
      rows[at].scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }
  function choose(option) {
    option.selected = true;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    hide();
  }
  function sync() {
    if (!picked) {
      const chosen = select.selectedOptions[0];
      input.value = chosen?.value ? chosen.text : "";
      return;
    }
    input.value = "";
    picked.replaceChildren(
      ...[...select.selectedOptions].map((option) => {
        const row = element("li");
        const button = element("button", { type: "button", "aria-label": `${words.remove} ${option.text}` }, `${option.text} ×`);
        button.addEventListener("click", () => {
          option.selected = false;
          select.dispatchEvent(new Event("change", { bubbles: true }));
          input.focus();
        });
        row.append(button);
        return row;
      }),
    );
  }
  input.addEventListener("input", show);
  input.addEventListener("click", () => list.hidden && show());
  input.addEventListener("blur", () => {
    if (!select.multiple && !input.value.trim() && select.value) {
      select.value = "";
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    if (picked) input.value = "";
    else sync();
    hide();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return; // 229: Safari, at the end of composing
    const rows = list.querySelectorAll("[role=option]:not(.xq-combo-none)");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) show();
      else if (rows.length) mark((active + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length);
    } else if (event.key === "Enter" && !list.hidden) {
      event.preventDefault();
      if (active >= 0 && rows[active]) choose(rows[active].option);
    } else if (event.key === "Escape" && !list.hidden) {
      event.stopPropagation();
      sync();
      hide();
    }
  });
  for (const name of ["change", "xq:restored"]) select.addEventListener(name, sync);
  select.form?.addEventListener("reset", () => setTimeout(sync));
  sync();
}

// ---- repeated rows: [data-xq-rows] with [data-xq-row]
function rows(box) {
  if (box.dataset.xqAdopted) return;
  box.dataset.xqAdopted = "1";
  const add = box.querySelector("[data-xq-row-add]");
  const all = () => [...box.querySelectorAll("[data-xq-row]")];
  const fields = (row) => [...row.querySelectorAll("textarea,select,input")];
  const filled = (row) => fields(row).some((field) => field.value.trim() && field.tagName !== "SELECT");

  function renumber() {
    all().forEach((row, at) => {
      for (const field of fields(row)) {
        const label = row.querySelector(`label[for="${CSS.escape(field.id)}"]`);
        field.name = field.name.replace(/-\d+-(\w+)$/, `-${at}-$1`);
        field.id = field.id.replace(/-\d+-(\w+)$/, `-${at}-$1`);
        if (label) label.htmlFor = field.id;
      }
      const number = row.querySelector("[data-xq-row-number]");
      if (number) number.textContent = number.textContent.replace(/\d+/, at + 1);
      const remove = row.querySelector("[data-xq-row-remove]");
      if (remove) remove.hidden = all().length < 2;
    });
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function more() {
    const row = all().at(-1).cloneNode(true);
    for (const field of fields(row)) {
      field.value = "";
      field.removeAttribute("aria-invalid");
      field.style.height = "";
    }
    all().at(-1).after(row);
    renumber();
    return row;
  }
  box.addEventListener("click", (event) => {
    if (event.target.closest("[data-xq-row-add]")) fields(more())[0].focus();
    const remove = event.target.closest("[data-xq-row-remove]");
    if (remove) {
      remove.closest("[data-xq-row]").remove();
      renumber();
      add.focus();
    }
  });
  box.closest("form")?.addEventListener("xq:before-restore", (event) => {
    const last = fields(all()[0])[0].name.replace(/-\d+-(\w+)$/, "");
    while (`${last}-${all().length}-facts` in event.detail) more();
  });
  for (const row of all().slice(1)) if (!filled(row)) row.remove();
  add.hidden = false;
  renumber();
}

// ---- photos: input[type=file][data-xq-photo]; re-encoding leaves place and camera data behind
const EDGE = 2560;
async function small(file) {
  if (!/^image\/(jpeg|png|webp)$/.test(file.type)) return file;
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, EDGE / Math.max(bitmap.width, bitmap.height));
    const canvas = element("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const type = file.type === "image/png" ? "image/png" : "image/jpeg";
    const blob = await new Promise((done) => canvas.toBlob(done, type, 0.86));
    const name = type === "image/png" ? file.name : file.name.replace(/(\.\w+)?$/, ".jpg");
    return blob ? new File([blob], name, { type: blob.type, lastModified: Date.now() }) : file;
  } catch {
    return file;
  }
}
function photos(input) {
  if (input.dataset.xqAdopted) return;
  input.dataset.xqAdopted = "1";
  const shown = element("ul", { class: "xq-photos", "aria-live": "polite" });
  input.after(shown);
  let newest = 0;
  async function take() {
    const turn = ++newest;
    input.setAttribute("aria-busy", "true");
    const made = await Promise.all([...input.files].map(small));
    if (turn !== newest) return;
    try {
      const carrier = new DataTransfer();
      for (const file of made) carrier.items.add(file);
      input.files = carrier.files;
    } finally {
      input.removeAttribute("aria-busy");
      input.dispatchEvent(new Event("xq:taken", { bubbles: true }));
    }
    shown.replaceChildren(
      ...made.filter((file) => file.type.startsWith("image/")).map((file) => {
        const row = element("li");
        const picture = element("img", { alt: file.name });
        picture.src = URL.createObjectURL(file);
        picture.addEventListener("load", () => URL.revokeObjectURL(picture.src));
        row.append(picture);
        return row;
      }),
    );
  }
  input.addEventListener("change", take);
  input.form?.addEventListener("reset", () => setTimeout(take));
  if (input.files.length) take();
}

// Who sends while photos are being made small: the form goes as soon as they are.
const BUSY = "[data-xq-photo][aria-busy]";
const sending = new WeakMap();
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.querySelector(BUSY)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    sending.set(form, event.submitter);
  },
  true,
);
document.addEventListener("reset", (event) => sending.delete(event.target));
document.addEventListener("xq:taken", (event) => {
  const form = event.target.form;
  if (!sending.has(form) || form.querySelector(BUSY)) return;
  const submitter = sending.get(form);
  sending.delete(form);
  form.requestSubmit(submitter);
});

function prepare(root) {
  for (const one of root.querySelectorAll?.("select[data-xq-combo]") ?? []) combo(one);
  for (const one of root.querySelectorAll?.("[data-xq-rows]") ?? []) rows(one);
  for (const one of root.querySelectorAll?.("input[type=file][data-xq-photo]") ?? []) photos(one);
}
prepare(document);
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
