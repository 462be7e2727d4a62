// A region as a field of cells, one for each target: drawn on a canvas, since a fleet has thousands. What it shows stands in
// words beside it, and the page of targets lists the same ones for the keyboard.
import { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Row } from "./api";
import { shownOf } from "./format";

function colours(element: Element): Record<string, string> {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return { good: of("--good"), bad: of("--bad"), warn: of("--warn"), busy: of("--busy"), idle: of("--cell"), ink: of("--cell-ink"), dim: of("--dim") };
}

export function RegionMap({ rows, label, open }: { rows: Row[]; label: string; open: (number: number) => void }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const [pointed, setPointed] = useState<Row | null>(null);
  const size = rows.length > 600 ? 9 : rows.length > 150 ? 13 : 20;
  const gap = size > 9 ? 3 : 1;
  const across = Math.max(1, Math.floor((width + gap) / (size + gap)));
  const height = Math.ceil(rows.length / across) * (size + gap);

  useEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return;
    const measure = () => setWidth(element.clientWidth);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !width) return;
    const paint = () => {
      const scale = window.devicePixelRatio || 1;
      const palette = colours(element);
      element.width = width * scale;
      element.height = height * scale;
      context.scale(scale, scale);
      context.clearRect(0, 0, width, height);
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.font = `bold ${Math.round(size * 0.75)}px system-ui, sans-serif`;
      rows.forEach((row, index) => {
        const x = (index % across) * (size + gap);
        const y = Math.floor(index / across) * (size + gap);
        const shown = shownOf(row);
        context.fillStyle = palette[shown.mood];
        // What waits is low, what is done is whole: shapes tell them apart where a sign has no room.
        if (row.state === "pending") context.fillRect(x + size * 0.25, y + size * 0.25, size * 0.5, size * 0.5);
        else context.fillRect(x, y, size, size);
        if (row.state === "pending" || (row.state === "succeeded" && size < 13)) return;
        context.fillStyle = palette.ink;
        context.fillText(shown.sign, x + size / 2, y + size / 2 + 0.5);
      });
    };
    paint();
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", paint);
    return () => scheme.removeEventListener("change", paint);
  }, [rows, width, height, size, across]);

  const rowAt = (event: MouseEvent): Row | null => {
    const x = Math.floor(event.offsetX / (size + gap));
    const y = Math.floor(event.offsetY / (size + gap));
    return x < across ? (rows[y * across + x] ?? null) : null;
  };
  return (
    <div class="map">
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        style={{ width: "100%", height: `${height}px`, cursor: pointed ? "pointer" : "default" }}
        onMouseMove={(event) => setPointed(rowAt(event))}
        onMouseLeave={() => setPointed(null)}
        onClick={(event) => {
          const row = rowAt(event);
          if (row) open(row.number);
        }}
      />
      <div class="pointed note" aria-hidden="true">
        {pointed ? `${shownOf(pointed).sign} ${pointed.id}: ${shownOf(pointed).label}${pointed.reason ? `, ${pointed.reason}` : ""}` : " "}
      </div>
    </div>
  );
}
