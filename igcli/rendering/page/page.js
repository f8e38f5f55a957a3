// The page as a whole: what is shown first, links between gallery and photo, dark and light, the foot.

const report = JSON.parse(byId("index").textContent);
report.tables = tablesOf(report.styles);

function complain(error) {
  byId("problem").textContent = typeof DecompressionStream === "undefined"
    ? "This browser is too old to unpack the pictures: use one from 2023 or later."
    : `Something on this page does not work: ${error?.message ?? error}`;
  byId("problem").hidden = false;
}
addEventListener("unhandledrejection", (event) => complain(event.reason));
addEventListener("error", (event) => complain(event.error));

function showFrame() {
  const { photos, origin, caveat, failures } = report;
  const classes = new Set(photos.map(({ target }) => target.label)).size;
  const network = origin.facts.find(([name]) => name === "network")?.[1];
  const judged = photos.filter(({ truth }) => typeof truth?.correct === "boolean");
  const wrong = judged.length ? `, ${judged.filter(({ truth }) => !truth.correct).length} of ${judged.length} predicted wrongly` : "";
  const counted = photos.length === 1 ? "1 photo" : `${photos.length} photos, ${classes === 1 ? "1 class" : `${classes} classes`}${wrong}`;
  byId("subtitle").replaceChildren(...(photos.length ? [`${counted}, `] : []), "network ", foreign(network));
  byId("caveat").textContent = caveat;
  byId("caveat").hidden = !caveat;
  byId("failures").hidden = !failures.length;
  byId("failures").lastElementChild.append(...failures.map((text) => element("li", {}, foreign(text))));
  byId("facts").append(...origin.facts.flatMap(([name, value]) => [element("dt", { text: name }), element("dd", {}, foreign(value))]));
  byId("command").textContent = origin.command;
  byId("again").hidden = !origin.command;
  byId("copy").addEventListener("click", copyCommand);
}

async function copyCommand() {
  getSelection().selectAllChildren(byId("command"));
  try {
    await navigator.clipboard.writeText(report.origin.command);
    byId("copy").textContent = byId("copied").textContent = "Copied";
    setTimeout(() => {
      byId("copy").textContent = "Copy";
      byId("copied").textContent = "";
    }, 2000);
  } catch {
    byId("copy").textContent = byId("copied").textContent = "Selected"; // a browser that does not let pages write: the reader can
  }
}

function wireTheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const root = document.documentElement;
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const dress = () => byId("theme").setAttribute("aria-pressed", String(isDark()));
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    dress();
  });
  dark.addEventListener("change", dress);
  dress();
}

/** The photo that the address names, or null for the gallery. */
function numberInAddress() {
  const number = Number(/^#photo-(\d+)$/.exec(location.hash)?.[1]) - 1;
  if (report.photos[number]) return number;
  return report.photos.length === 1 ? 0 : null;
}

let last = null; // the photo that was shown before

function route() {
  if (location.hash === "#content") return;
  const number = numberInAddress();
  byId("viewer").hidden = number === null;
  byId("gallery").hidden = number !== null || report.photos.length < 2;
  if (number === null) {
    viewer.close();
    document.title = report.title;
    gallery?.cards[last]?.item.querySelector("a").focus();
    return;
  }
  last = number;
  viewer.open(number);
  if (!gallery) return;
  const order = gallery.order.includes(number) ? gallery.order : [...report.photos.keys()];
  const at = order.indexOf(number);
  for (const [id, place] of [["previous", at - 1], ["next", at + 1]]) {
    if (order[place] === undefined) byId(id).removeAttribute("href");
    else byId(id).href = `#photo-${order[place] + 1}`;
  }
  byId("name").focus();
  scrollTo(0, 0);
}

showFrame();
wireTheme();
showEvaluation(report.evaluation);
const viewer = new Viewer(report);
const gallery = report.photos.length > 1 ? new Gallery(report, viewer.look) : null;
byId("back").hidden = byId("neighbours").hidden = !gallery;
addEventListener("hashchange", route);
route();
