/** A course or a path as a way with stations: what is done, where one is, what is still in the way. Pure. */

import type { CourseLesson, CourseModule, CourseUnit, Gate, Lesson, LessonState } from "../api/types.ts";
import type { Look } from "./state.ts";

export interface Station {
  name: string;
  title: string;
  /** Of a lesson of a course: what its address says. */
  path: string;
  module: string;
  done: boolean;
  /** Where one is: what runs, else the first that is not done. */
  here: boolean;
  look: Look | "done";
  word: string;
  gates: Gate[];
  canStart: boolean;
  problems: string[];
}

export interface Stretch {
  title: string;
  stations: Station[];
}

export interface Way {
  stretches: Stretch[];
  /** Of the stations that can be done. */
  done: number;
  total: number;
}

interface Found extends Omit<Station, "here" | "look" | "word"> {
  running: boolean;
  begun: boolean;
  /** False: it is only read. */
  counts: boolean;
}

export function wayOf(piece: Lesson): Way {
  const found = [
    ...(piece.modules ?? []).map((module) => ({ title: module.title ?? "", stations: lessonsOf(module, piece) })),
    ...(piece.units?.length ? [{ title: "", stations: piece.units.map(unit) }] : []),
  ];
  const all = found.flatMap(({ stations }) => stations);
  const here = all.find(({ running, done }) => running && !done) ?? all.find(({ counts, done }) => counts && !done);
  return {
    stretches: found.map(({ title, stations }) => ({ title, stations: stations.map((each) => told(each, each === here)) })),
    done: all.filter(({ counts, done }) => counts && done).length,
    total: all.filter(({ counts }) => counts).length,
  };
}

function lessonsOf(module: CourseModule, course: Lesson): Found[] {
  const known = course.learning?.modules?.[module.name]?.lessons ?? {};
  return (module.lessons ?? []).map((lesson) => step(lesson, module.name, known[lesson.name] ?? {}));
}

function step(lesson: CourseLesson, module: string, state: LessonState): Found {
  return {
    name: lesson.name,
    title: lesson.title || lesson.name,
    path: lesson.path ?? `${module}/${lesson.name}`,
    module,
    done: state.completed ?? false,
    running: Boolean(state.play),
    begun: state.started ?? false,
    counts: true,
    gates: state.gates ?? [],
    canStart: lesson.canStart ?? false,
    problems: lesson.problems ?? [],
  };
}

function unit(part: CourseUnit): Found {
  const gates = part.gates ?? [];
  return {
    name: part.name,
    title: part.title || part.name,
    path: "",
    module: "",
    done: part.completed ?? false,
    running: false,
    begun: gates.some(({ passed }) => passed),
    counts: gates.length > 0,
    gates,
    canStart: false,
    problems: [],
  };
}

function told({ running, begun, counts, ...station }: Found, here: boolean): Station {
  const [look, word] = ((): [Station["look"], string] => {
    if (station.done) return ["done", "Complete"];
    if (running) return ["running", "Running"];
    if (here && !begun) return ["idle", "Next"];
    if (here) return ["working", "Begun; go on here"];
    if (begun) return ["working", "Begun"];
    return ["idle", counts ? "To do" : "To read"];
  })();
  return { ...station, here, look, word };
}

/** The lessons before and after one of a course, over the borders of modules. */
export function neighbours(way: Way, path: string): { before: Station | null; after: Station | null } {
  const all = way.stretches.flatMap(({ stations }) => stations);
  const at = all.findIndex((station) => station.path === path);
  return { before: all[at - 1] ?? null, after: at < 0 ? null : (all[at + 1] ?? null) };
}
