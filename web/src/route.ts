// Where one is: "#/r7/targets?state=stuck". Links are plain links; the browser's history works.
import { useEffect, useReducer } from "preact/hooks";

export interface Route {
  run: string; // "" : not chosen
  page: string;
  argument: string;
  query: URLSearchParams;
}

export function routeOf(hash: string): Route {
  const [path, query] = hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return "";
    }
  });
  return { run: /^r?\d+$/.test(parts[0]) ? parts[0] : "", page: parts[1] || "overview", argument: parts[2] || "", query: new URLSearchParams(query ?? "") };
}

export function go(hash: string): void {
  location.hash = hash;
}

export function useRoute(): Route {
  const [, redraw] = useReducer<number, void>((count) => count + 1, 0);
  useEffect(() => {
    const changed = () => redraw();
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  }, []);
  return routeOf(location.hash);
}
