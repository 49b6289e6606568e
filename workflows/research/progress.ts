/** What the Web UI shows of a research while it runs, as Markdown. */
import { setCurrentDetails } from '@temporalio/workflow';

/** How far a research is. */
export type Progress = {
  readonly phase: string;
  readonly questions: readonly string[];
  readonly read: readonly string[];
  readonly unread: readonly { readonly url: string; readonly reason: string }[];
};

/** Writes the current details. */
export function showProgress({ phase, questions, read, unread }: Progress): void {
  const lines = [
    `**${phase}**`,
    '',
    ...questions.map((question, i) => `${i + 1}. ${plain(question)}`),
    '',
    ...read.map((title) => `- read: ${plain(title)}`),
    ...unread.map(({ url, reason }) => `- not read: ${plain(url)} (${plain(reason)})`),
  ];
  setCurrentDetails(lines.join('\n').slice(0, 8_000));
}

/** Titles come from strangers: none may become a link or an image. */
function plain(text: string): string {
  return text
    .slice(0, 200)
    .replace(/[\r\n]+/g, ' ')
    .replace(/[|`<>[\]*_\\!]/g, (mark) => `\\${mark}`)
    .replace(/:\/\//g, ':\u200b//');
}
