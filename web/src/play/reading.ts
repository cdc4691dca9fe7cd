/** Lessons of courses, and those whose reader says when they are done. Pure. */

import type { CourseLesson, Lesson, LessonState } from "../api/types.ts";
import type { LessonPlace } from "./lesson.ts";

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

function isChecked(lesson: CourseLesson): boolean {
  return Object.values(lesson.tasks ?? {}).some((task) => !task.init && !task.helper);
}
