// Every text of the page with its contrast, where that is too low. axe-core calls text on
// stacked or striped backgrounds "incomplete" (dequelabs/axe-core#3513, #4628) and lets it pass.
() => {
  const parse = (colour) => {
    const numbers = colour.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    const scale = colour.startsWith("color(") ? 255 : 1;
    const [r, g, b, a = 1] = numbers;
    return [r * scale, g * scale, b * scale, a];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  // All colours that can lie behind an element: its own and its stripes', over its parents'.
  const behind = (element) => {
    if (!element) return [[255, 255, 255, 1]];
    const style = getComputedStyle(element);
    const own = parse(style.backgroundColor);
    const below = own[3] === 1 ? [own] : behind(element.parentElement).map((colour) => over(own, colour));
    const stripes = (style.backgroundImage.match(/rgba?\([^)]*\)/g) ?? []).map(parse);
    return [...below, ...stripes.flatMap((stripe) => below.map((colour) => over(stripe, colour)))];
  };
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const element = text.parentElement;
    if (!text.data.trim() || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    if (box.width < 2 || box.height < 2 || style.clipPath === "inset(50%)") continue;
    let faded = 1;
    for (let each = element; each; each = each.parentElement) faded *= Number(getComputedStyle(each).opacity);
    const [r, g, b, a] = parse(style.color);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const worst = Math.min(...behind(element).map((colour) => ratio(over([r, g, b, a * faded], colour), colour)));
    seen += 1;
    if (worst < (large ? 3 : 4.5)) found.push(`${worst.toFixed(2)} ${element.tagName} ${element.className} "${text.data.trim().slice(0, 30)}"`);
  }
  return { seen, found: [...new Set(found)].slice(0, 20) };
}
