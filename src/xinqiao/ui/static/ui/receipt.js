// "Save picture" on the receipt: [data-xq-save-picture] draws [data-xq-receipt] on a canvas and hands it over as PNG.
const button = document.querySelector("[data-xq-save-picture]");
const receipt = document.querySelector("[data-xq-receipt]");
const WIDE = 1080;
const EDGE = 72;
const SIZES = { big: 76, normal: 42, small: 34 };

function wrap(pen, text, width) {
  const lines = [];
  let line = "";
  for (const char of text) {
    if (pen.measureText(line + char).width > width) {
      lines.push(line);
      line = "";
    }
    line += char;
  }
  return [...lines, line];
}

async function picture(source) {
  if (source.tagName === "IMG") return source;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(source))}`;
  await image.decode();
  return image;
}

async function draw() {
  const style = getComputedStyle(document.documentElement);
  const face = style.getPropertyValue("--xq-face");
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const parts = [];
  let height = EDGE;
  for (const node of receipt.querySelectorAll("[data-xq-receipt-line], [data-xq-receipt-qr]")) {
    if (node.matches("[data-xq-receipt-qr]")) {
      const source = node.querySelector("svg, img");
      if (!source) continue;
      parts.push({ image: await picture(source), y: height });
      height += 460;
      continue;
    }
    const size = SIZES[node.dataset.xqReceiptLine] ?? SIZES.normal;
    pen.font = `${size === SIZES.big ? 600 : 400} ${size}px ${face}`;
    for (const text of wrap(pen, node.textContent.trim().replace(/\s+/g, " "), WIDE - 2 * EDGE)) {
      height += size * 1.5;
      parts.push({ text, size, font: pen.font, y: height });
    }
    height += size * 0.35;
  }
  canvas.width = WIDE;
  canvas.height = Math.ceil(height + EDGE);
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#1f2933";
  pen.textAlign = "center";
  for (const part of parts) {
    if (part.image) pen.drawImage(part.image, (WIDE - 420) / 2, part.y + 20, 420, 420);
    else {
      pen.font = part.font;
      pen.fillText(part.text, WIDE / 2, part.y);
    }
  }
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

if (button && receipt) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const blob = await draw();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = button.dataset.xqSavePicture || "xinqiao.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}
