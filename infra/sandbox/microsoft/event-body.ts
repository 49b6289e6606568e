/**
 * What a client may send as an event, closed like Graph's own type: a misspelt member or a value
 * that is none of an enumeration is refused before anything happens. Members that only the service
 * sets are read and ignored, so that a client may send back what it got.
 */
import { z } from 'zod';
import { GraphError } from './errors.ts';

const weekday = z.enum([
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
]);
const text = z.string().nullish();
const flag = z.boolean().nullish();
const count = z.number().int().nullish();

const timeSchema = z.strictObject({ dateTime: z.string(), timeZone: text });
const addressSchema = z.strictObject({ address: text, name: text });
export const recipientSchema = z.strictObject({ emailAddress: addressSchema });
const locationSchema = z.strictObject({
  displayName: text,
  locationType: text,
  uniqueId: text,
  uniqueIdType: text,
  locationEmailAddress: text,
  locationUri: text,
  address: z.unknown().optional(),
  coordinates: z.unknown().optional(),
});
const recurrenceSchema = z.strictObject({
  pattern: z.strictObject({
    type: z.enum([
      'daily',
      'weekly',
      'absoluteMonthly',
      'relativeMonthly',
      'absoluteYearly',
      'relativeYearly',
    ]),
    interval: z.number().int(),
    month: count,
    dayOfMonth: count,
    daysOfWeek: z.array(weekday).nullish(),
    firstDayOfWeek: weekday.nullish(),
    index: z.enum(['first', 'second', 'third', 'fourth', 'last']).nullish(),
  }),
  range: z.strictObject({
    type: z.enum(['endDate', 'noEnd', 'numbered']),
    startDate: z.iso.date(),
    endDate: z.iso.date().nullish(),
    numberOfOccurrences: count,
    recurrenceTimeZone: text,
  }),
});

/** A repetition as a client sends it. */
export type SentRecurrence = z.infer<typeof recurrenceSchema>;

/** Members that the service sets and a client cannot. */
export const readOnlyMembers = [
  'bodyPreview',
  'calendar',
  'cancelledOccurrences',
  'changeKey',
  'createdDateTime',
  'exceptionOccurrences',
  'extensions',
  'hasAttachments',
  'iCalUId',
  'id',
  'instances',
  'isCancelled',
  'isDraft',
  'isOrganizer',
  'lastModifiedDateTime',
  'onlineMeeting',
  'onlineMeetingUrl',
  'organizer',
  'originalEndTimeZone',
  'originalStart',
  'originalStartTimeZone',
  'responseStatus',
  'seriesMasterId',
  'type',
  'webLink',
] as const;

/** The members of an event that a client may set. */
export const eventBodySchema = z.strictObject({
  allowNewTimeProposals: flag,
  attachments: z.array(z.unknown()).max(0).optional(),
  attendees: z
    .array(
      z.strictObject({
        emailAddress: addressSchema,
        type: z.enum(['required', 'optional', 'resource']).nullish(),
        status: z.unknown().optional(),
        proposedNewTime: z.unknown().optional(),
      }),
    )
    .optional(),
  body: z
    .strictObject({ contentType: z.enum(['text', 'html']).nullish(), content: text })
    .nullish(),
  categories: z.array(z.string()).optional(),
  end: timeSchema.optional(),
  hideAttendees: flag,
  importance: z.enum(['low', 'normal', 'high']).nullish(),
  isAllDay: flag,
  isOnlineMeeting: flag,
  isReminderOn: flag,
  location: locationSchema.nullish(),
  locations: z.array(locationSchema).optional(),
  multiValueExtendedProperties: z.array(z.unknown()).max(0).optional(),
  onlineMeetingProvider: z
    .enum(['unknown', 'skypeForBusiness', 'skypeForConsumer', 'teamsForBusiness'])
    .nullish(),
  recurrence: recurrenceSchema.nullish(),
  reminderMinutesBeforeStart: count,
  responseRequested: flag,
  sensitivity: z.enum(['normal', 'personal', 'private', 'confidential']).nullish(),
  showAs: z.enum(['unknown', 'free', 'tentative', 'busy', 'oof', 'workingElsewhere']).nullish(),
  singleValueExtendedProperties: z
    .array(z.strictObject({ id: z.string(), value: z.string() }))
    .optional(),
  start: timeSchema.optional(),
  subject: text,
  transactionId: text,
});

/** An event as a client sent it. */
export type EventBody = z.infer<typeof eventBodySchema>;

/** Reads an event. @throws GraphError 400. */
export function readEvent(sent: unknown): EventBody {
  const ignored = new Set<string>(readOnlyMembers);
  const own = Object.entries(sent ?? {}).filter(([name]) => !ignored.has(name));
  return readBody(eventBodySchema, 'microsoft.graph.event', Object.fromEntries(own));
}

/** What `accept`, `decline` and `tentativelyAccept` take. */
export const answerBodySchema = z.strictObject({
  comment: text,
  sendResponse: flag,
  proposedNewTime: z.strictObject({ start: timeSchema, end: timeSchema }).nullish(),
});

/** What `cancel` takes. */
export const cancelBodySchema = z.strictObject({ comment: text });

/** What `forward` takes. */
export const forwardBodySchema = z.strictObject({
  toRecipients: z.array(recipientSchema).min(1),
  comment: text,
});

/** What `getSchedule` takes. */
export const scheduleBodySchema = z.strictObject({
  schedules: z.array(z.string()).min(1),
  startTime: timeSchema,
  endTime: timeSchema,
  availabilityViewInterval: z.number().int().min(5).max(1_440).nullish(),
});

/** Reads the parameters of an action, whose names may begin with a capital. @throws GraphError 400. */
export function readParameters<Body>(schema: z.ZodType<Body>, action: string, sent: object): Body {
  const lower = Object.entries(sent).map(([name, value]) => [
    name.slice(0, 1).toLowerCase() + name.slice(1),
    value as unknown,
  ]);
  return readBody(schema, action, Object.fromEntries(lower));
}

/**
 * Reads a request body of a type; annotations are passed over.
 * @throws GraphError 400.
 */
export function readBody<Body>(schema: z.ZodType<Body>, type: string, sent: unknown): Body {
  const parsed = schema.safeParse(withoutAnnotations(sent ?? {}));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  const message =
    issue?.code === 'unrecognized_keys'
      ? `The property '${issue.keys[0]}' does not exist on type '${type}'. Make sure to only use property names that are defined by the type.`
      : `Cannot convert the value of '${where}' to the expected type: ${issue?.message ?? ''}`;
  throw new GraphError(400, 'RequestBodyRead', message);
}

function withoutAnnotations(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAnnotations);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !name.includes('@'))
      .map(([name, part]) => [name, withoutAnnotations(part)]),
  );
}
