/** Lessons of courses, and those whose reader says when they are done. Pure. */

import type { CourseLesson, Lesson, LessonState, Play } from "../api/types.ts";
import { lessonProgress, type LessonPlace } from "./lesson.ts";

/** A lesson of a course by its path, `module/lesson` or `lesson`. */
export function courseLesson(course: Lesson, path: string): { module: string; lesson: CourseLesson; state: LessonState } | null {
  for (const module of course.modules ?? []) {
    const lesson = module.lessons?.find((each) => (each.path ?? each.name) === path);
    if (lesson) return { module: module.name, lesson, state: course.learning?.modules?.[module.name]?.lessons?.[lesson.name] ?? {} };
  }
  return null;
}

/** Whether its reader has called it complete; null: that is not for its reader to say. */
export function completeOf(about: Lesson, place: LessonPlace): boolean | null {
  if (place.kinds === "tutorials") return about.canStart ? about.status === "completed" : null;
  const found = place.kinds === "courses" && place.path ? courseLesson(about, place.path) : null;
  if (found === null || found.state.gates?.length || isChecked(found.lesson)) return null;
  return found.state.completed ?? false;
}

/** Names of the solutions that its reader may read, of the lesson at `path` in a course. */
export function solutionsOf(about: Lesson, path: string): string[] {
  return (path ? courseLesson(about, path)?.lesson : about)?.solutions ?? [];
}

/** Whether a solution would take nothing away: it was solved once, it is in this play, or nothing is checked. */
export function isSolved(about: Lesson, path: string, play: Play | null): boolean {
  const found = path ? courseLesson(about, path) : null;
  const before = found ? found.state.completed === true : about.status === "solved" || about.status === "completed";
  if (before || !isChecked(found?.lesson ?? about)) return true;
  const { done, total } = play ? lessonProgress(play) : { done: 0, total: 0 };
  return total > 0 && done === total;
}

/** What a solution is called before anybody has read its title, which may say too much: `solution-02` among several is "solution 2". */
export function solutionCalled(name: string, among: number): string {
  return among === 1 ? "the solution" : name.replace(/-0*/, " ").trim();
}

function isChecked(lesson: Pick<Lesson, "tasks">): boolean {
  return Object.values(lesson.tasks ?? {}).some((task) => !task.init && !task.helper);
}
