/**
 * What a mailbox says about its calendar beside the events: the calendars, free/busy of others,
 * the settings with zone and working hours, and the zones there are.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Office } from '../office/office.ts';
import type { Person } from '../office/state.ts';
import { requireMailbox } from './accounts.ts';
import { itemNotFound } from './errors.ts';
import { readId, writeId } from './ids.ts';
import { selected } from './odata.ts';
import { parameter } from './paging.ts';
import { readPreferences } from './prefer.ts';
import { getSchedule, workingHoursOf } from './schedule.ts';
import { listedIanaZones, windowsZone, windowsZones } from './zones.ts';

const readers = ['Calendars.Read', 'Calendars.ReadWrite'];

/** Registers calendars, free/busy, settings and zones. */
export function registerCalendarRoutes(scope: FastifyInstance, office: Office): void {
  const calendar = (request: FastifyRequest, reply: FastifyReply): object => {
    const owner = requireMailbox(office, request, ...readers);
    const { immutableIds } = readPreferences(request, reply);
    const shown = showCalendar(owner, immutableIds ? 'immutable' : 'ordinary');
    return selected(shown, parameter(request, '$select'));
  };
  scope.get('/me/calendar', calendar);
  scope.get('/me/calendars', (request, reply) => ({ value: [calendar(request, reply)] }));
  scope.get('/me/calendars/:calendarId', (request, reply) => {
    const owner = requireMailbox(office, request, ...readers);
    const { calendarId } = request.params as { calendarId: string };
    if (readId(owner, calendarId)?.key !== 'calendar') throw itemNotFound();
    return calendar(request, reply);
  });
  for (const path of ['/me/calendar/getSchedule', '/me/calendars/:calendarId/getSchedule']) {
    scope.post(path, (request, reply) => {
      const asking = requireMailbox(office, request, ...readers);
      return getSchedule(office, asking, request, readPreferences(request, reply));
    });
  }
  registerSettings(scope, office);
}

function showCalendar(owner: Person, kind: 'ordinary' | 'immutable'): object {
  return {
    id: writeId(kind, owner, 'calendar'),
    name: 'Calendar',
    color: 'auto',
    hexColor: '',
    isDefaultCalendar: true,
    changeKey: Buffer.from(`calendar:${owner.email}`).toString('base64'),
    canShare: true,
    canViewPrivateItems: true,
    canEdit: true,
    allowedOnlineMeetingProviders: ['teamsForBusiness'],
    defaultOnlineMeetingProvider: 'teamsForBusiness',
    isTallyingResponses: true,
    isRemovable: false,
    owner: { name: owner.name, address: owner.email },
  };
}

function registerSettings(scope: FastifyInstance, office: Office): void {
  const permitted = ['MailboxSettings.Read', 'MailboxSettings.ReadWrite'];
  scope.get('/me/mailboxSettings', (request) => {
    const owner = requireMailbox(office, request, ...permitted);
    const whole = {
      archiveFolder: '',
      timeZone: windowsZone(owner.zone),
      delegateMeetingMessageDeliveryOptions: 'sendToDelegateOnly',
      dateFormat: 'dd.MM.yyyy',
      timeFormat: 'HH:mm',
      userPurpose: 'user',
      language: { locale: 'en-GB', displayName: 'English (United Kingdom)' },
      workingHours: workingHoursOf(owner),
    };
    return selected(whole, parameter(request, '$select'), []);
  });
  scope.get('/me/outlook/supportedTimeZones', (request) => {
    requireMailbox(office, request, 'User.Read', ...permitted);
    return zones(windowsZones);
  });
  scope.get('/me/outlook/supportedTimeZones:standard', (request) => {
    requireMailbox(office, request, 'User.Read', ...permitted);
    const { standard } = request.params as { standard: string };
    return zones(/'iana'/i.test(decodeURIComponent(standard)) ? listedIanaZones : windowsZones);
  });
}

function zones(names: readonly string[]): object {
  return { value: names.map((alias) => ({ alias, displayName: alias })) };
}
