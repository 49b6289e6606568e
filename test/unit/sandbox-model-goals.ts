/** Goals in people's own words, and the sandbox's planner that is asked for their plans. */
import { expect } from 'vitest';
import { checkPlan } from '#activities/planner/check.ts';
import { planFormat } from '#activities/planner/plan-schema.ts';
import { planningData } from '#activities/planner/planning-data.ts';
import type { PlanRequest } from '#contracts/activities.ts';
import type { GoalId } from '#contracts/names.ts';
import type { Plan, PlanReply } from '#contracts/schemas/plan.ts';
import { answerPlan } from '#infra/sandbox/model/plan.ts';
import { people as office } from '#infra/sandbox/office/people.ts';

/** The office, as the directory has it. */
export const people = office.map(({ email, name, zone, workingHours }) => ({
  email,
  name,
  zone,
  workingHours: { ...workingHours, days: [...workingHours.days] },
}));
export const owner = 'alex.morgan@office.example.com';
const accounts = [
  { email: owner, label: 'work', provider: 'google', isDefault: true },
  { email: 'alex@home.example.org', label: 'private', provider: 'microsoft', isDefault: false },
] as const;
export const now = '2026-11-21T11:15:00+01:00';
export const zone = 'Europe/Berlin';

/** The planner's reply to a goal. */
export function ask(goal: string, more: Partial<PlanRequest> = {}, obedient = false): PlanReply {
  const request: PlanRequest = {
    goalId: 'x' as GoalId,
    owner,
    zone,
    now,
    goal,
    context: '',
    constraints: [],
    answers: [],
    revision: null,
    ...more,
  };
  return answerPlan(
    planningData(request, people, accounts),
    { obedient },
    planFormat,
  ) as unknown as PlanReply;
}

/** The plan for a goal that needs no question; it passes the product's check. */
export function plan(goal: string, more: Partial<PlanRequest> = {}): Plan {
  const reply = ask(goal, more);
  expect(reply.questions, goal).toEqual([]);
  const done = new Set(more.revision?.finished.map(({ id }) => id));
  const checked = checkPlan(reply, {
    goalText: JSON.stringify([goal, more, owner]),
    people,
    mayBeEmpty: more.revision !== undefined,
    finished: more.revision?.previous.steps.filter(({ id }) => done.has(id)) ?? [],
  });
  if ('problems' in checked) throw new Error(`${goal}: ${checked.problems.join('\n')}`);
  return checked.plan;
}
/** Tools of the steps, and how many each waits for. */
export const shape = (steps: Plan['steps']): string =>
  steps.map(({ tool, dependsOn }) => `${tool}(${dependsOn.length})`).join(' ');

export const meet = 'findTime(0) createEvent(1)';
const write = 'composeEmail(0) sendEmail(1)';
const reply = 'searchMail(0) readThread(1) composeEmail(1) sendEmail(2)';
/** Goals, each with the shape of its plan. */
export const goals: readonly (readonly [string, string])[] = [
  ['Find 30 minutes with Bob and Carla next week and invite them', meet],
  ['set up an hour with Priya on Thursday afternoon', meet],
  ['schedule a 45 min design review with Dana, Kenji and Bob tomorrow', meet],
  ['I need half an hour with Carla sometime next week', meet],
  ['Get 90 minutes with Lena and Kenji in the next two weeks to discuss the roadmap', meet],
  ['Find a slot with Dana tomorrow afternoon for 45 minutes and book it', meet],
  ['Set up a 60 minute call with Bob and Sam on Tuesday between 15:00 and 18:00', meet],
  ['Find 30 minutes with Bob next week, mornings only', 'findTime(0)'],
  ['Please book lunch with Tom on Wednesday at 12:30 for an hour', 'createEvent(0)'],
  ['Could you arrange a 1:1 with Maria next Monday at 3pm, 25 minutes?', 'createEvent(0)'],
  ['Invite Bob and Carla to a 30 minute retro on Friday at 11:00', 'createEvent(0)'],
  ['block 2 hours tomorrow morning for writing', meet],
  ['Block tomorrow 14:00-16:00 for the board deck', 'createEvent(0)'],
  ['Put a dentist appointment on my calendar on Friday at 9:00 for 45 minutes', 'createEvent(0)'],
  ['move my 2 pm today to Thursday afternoon', 'findEvent(0) findTime(0) moveEvent(2)'],
  ['move the design review to next Tuesday 10:00', 'findEvent(0) moveEvent(1)'],
  ['reschedule my 1:1 with Bob to Wednesday', 'findEvent(0) findTime(0) moveEvent(2)'],
  ['move my 2 pm today to 4 pm', 'findEvent(0) moveEvent(1)'],
  ['Set up a weekly 1:1 with Bob on Mondays at 10', 'createEvent(0)'],
  ['schedule a stand-up with Bob and Carla every weekday at 9:15 for 15 minutes', 'createEvent(0)'],
  ['Block every second Friday at 14:00 for expenses until 31 March', 'createEvent(0)'],
  ["Cancel only this week's standup", 'findEvent(0) cancelEvent(1)'],
  ['Move all standups to 9:30', 'findEvent(0) moveEvent(1)'],
  ['Move the stand-up to 9:30 from next week on', 'findEvent(0) moveEvent(1)'],
  ['Accept the invitation to the design review', 'findEvent(0) respondToInvitation(1)'],
  ["Decline Bob's invitation to the budget check", 'findEvent(0) respondToInvitation(1)'],
  ['Hold three slots for the pitch with Carla next week', 'findTime(0) holdSlots(1)'],
  ['Release the holds for the pitch', 'releaseHolds(0)'],
  ['Choose the hold for the pitch on Tuesday and invite Carla', 'findEvent(0) releaseHolds(1)'],
  ['cancel my meeting with Bob on Friday', 'findEvent(0) cancelEvent(1)'],
  ['Cancel the Northwind product pitch', 'findEvent(0) cancelEvent(1)'],
  [
    "Cancel tomorrow's stand-up and let Bob know",
    'findEvent(0) cancelEvent(1) composeEmail(2) sendEmail(1)',
  ],
  ['what do I have tomorrow?', 'listEvents(0)'],
  ["What's on my calendar next week?", 'listEvents(0)'],
  ['Summarize my meetings tomorrow', 'listEvents(0) summarize(1)'],
  ['summarise unread mail from Dana this week', 'searchMail(0) summarize(1)'],
  ['what did Bob say about the budget?', 'searchMail(0) summarize(1)'],
  ['triage my inbox', 'triageInbox(0)'],
  ["reply to Dana's last mail that I agree", reply],
  ['write to bob.keller@office.example.com that I am late', write],
  ['email Carla the agenda', write],
  ['Tell Dana that Bob will be late', write],
  ['draft a reply to Nora about the renewal saying yes', reply.replace('sendEmail', 'createDraft')],
  ['Draft an email to Priya about the audit logs', write.replace('sendEmail', 'createDraft')],
  ['research solid state batteries', 'research(0)'],
  ['Add a 1 hour focus block on Wednesday morning', meet],
  ['remind me to call Bob tomorrow at 9', 'createEvent(0)'],
  ["Reply to Nora's email about the renewal and tell her we accept", reply],
  ["Forward Dana's last mail to Bob", 'searchMail(0) sendEmail(1)'],
  ["Reply to all on Dana's last mail that I agree", reply],
  ['archive the newsletters', 'searchMail(0) archiveMail(1)'],
  ['Label mail from Dana as Acme', 'searchMail(0) labelMail(1)'],
  ['mark mail from Priya as read', 'searchMail(0) markMail(1)'],
  ["Move Sam's last mail to the trash", 'searchMail(0) moveMail(1)'],
  ['summarise mail from Bob and archive it', 'searchMail(0) summarize(1) archiveMail(1)'],
  ['Learn my tone', 'learnTone(0)'],
  [
    'Send Bob the summary of my unread mail',
    'searchMail(0) summarize(1) composeEmail(1) sendEmail(1)',
  ],
  ['find 30 min w/ bob & carla next week and send invites', meet],
  ['brief me on Acme before Thursday', 'research(0) searchMail(0) summarize(2)'],
  ['Research heat pumps and email me the summary', 'research(0) composeEmail(1) sendEmail(1)'],
  [
    'summarise mail from Priya and mail it to Bob',
    'searchMail(0) summarize(1) composeEmail(1) sendEmail(1)',
  ],
  ['find 30 minutes with Bob tomorrow and tell Dana', 'findTime(0) composeEmail(1) sendEmail(1)'],
  [
    'find an hour with Bob and Carla next week, invite them and send them the agenda',
    `${meet} composeEmail(2) sendEmail(1)`,
  ],
];
