'use strict';

/**
 * How charts look, and the library that draws them: Vega-Lite, loaded when it is needed. The colours change with the
 * reader's theme, in whatever shows the file as an image.
 */

const { install } = require('./peers.js');

/** How wide a character is, of the size of its font: without a browser nobody can measure it. */
const CHARACTER = 0.57;

const FONT = 'system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif';

/** Each colour on light paper and on dark paper. */
const COLOURS = {
    ink: ['#1f2328', '#e6edf3'],
    soft: ['#59636e', '#9198a1'],
    faint: ['#d8dee4', '#30363d'],
    accent: ['#e8590c', '#ff8b3d'],
    muted: ['#aab4bf', '#56606b'],
};

/** The names of the colours with what they are on light paper. */
const ON_LIGHT = Object.fromEntries(Object.entries(COLOURS).map(([name, [light]]) => [name, light]));

const CONFIG = {
    font: FONT,
    view: { stroke: null },
    // The file as a whole is described; not each bar.
    aria: false,
    axis: {
        domain: false,
        ticks: false,
        grid: false,
        labelColor: ON_LIGHT.ink,
        labelFontSize: 11,
        titleColor: ON_LIGHT.soft,
        titleFontSize: 11,
        titleFontWeight: 'normal',
    },
    title: {
        anchor: 'start',
        frame: 'group',
        color: ON_LIGHT.ink,
        subtitleColor: ON_LIGHT.soft,
        fontSize: 12.5,
        subtitleFontSize: 11,
        fontWeight: 600,
        subtitlePadding: 3,
        offset: 6,
    },
};

/** The title of a whole chart. */
function heading(text, subtitle) {
    return { text, subtitle, frame: 'bounds', fontSize: 18, subtitleFontSize: 12, subtitlePadding: 6, offset: 24 };
}

/** When and on what lines were measured, for a subtitle. */
function source([{ date, machine }]) {
    const { cpu, cores, system, fileSystem, node } = machine;
    const [kind] = system.split(' ');
    return `${date.slice(0, 10)} \u00b7 ${cores} x ${cpu}, ${kind}, ${fileSystem}, Node ${node}`;
}

/** A Vega-Lite specification as the text of an SVG file; `description` is for who cannot see it. */
async function drawn(specification, description) {
    const { vega, vegaLite } = await libraries();
    const compiled = vegaLite.compile({
        $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
        background: null,
        padding: 12,
        config: CONFIG,
        ...specification,
    });
    vega.textMetrics.width = ({ fontSize = 11 }, text) => String(text ?? '').length * fontSize * CHARACTER;
    const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none' });
    const svg = await view.toSVG();
    view.finalize();
    const head = `<title>${escaped(description)}</title><style>${darkStyle()}</style>`;
    return `${svg.replace(/<svg[^>]*>/, (tag) => `${tag.replace('<svg', '<svg role="img"')}${head}`)}\n`;
}

async function libraries() {
    try {
        return await load();
    } catch (error) {
        const failure = error.code === 'ERR_MODULE_NOT_FOUND' ? install() : error.message;
        if (failure !== null) {
            throw new Error(`the library that draws charts cannot be loaded: ${failure}`, { cause: error });
        }
        return load();
    }
}

async function load() {
    const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
    return { vega, vegaLite };
}

function darkStyle() {
    const rules = Object.values(COLOURS).flatMap(([light, dark]) =>
        ['fill', 'stroke'].map((attribute) => `[${attribute}="${light}"]{${attribute}:${dark}}`),
    );
    return `@media(prefers-color-scheme:dark){${rules.join('')}}`;
}

function escaped(text) {
    return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

module.exports = { COLOURS: ON_LIGHT, drawn, heading, source };
