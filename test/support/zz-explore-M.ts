import { startStack } from '#test/support/stack.ts';
const s = await startStack();
const goals = [
  'Find 30 minutes with Bob and Carla next week and invite them',
  'what is on my calendar next week?',
  'Move my 1:1 with Bob next week to Thursday afternoon',
  'Cancel the Northwind product pitch',
  'Cancel the Acme quarterly review next week',
  'summarise unread mail from Dana this week',
  "reply to Dana's last mail that I agree",
  'write to Bob and Carla that the demo moves to Friday',
  'find an hour with Bob and Carla next week, invite them and send them the agenda',
  'Draft an email to Priya about the audit logs',
  'research solid state batteries',
  'Find time with Zed',
  'schedule a meeting with Bob tomorrow',
  'summarise all my unread mail',
  'Summarize everything unread in my inbox',
];
try {
  for (const g of goals) {
    const before = (await s.effects()).length;
    const id = await s.goal(g);
    let v = await s.until(id, (v) => v.state !== 'planning' && v.state !== 'running', 15000).catch((e) => { console.log(g, String(e).slice(0, 900)); return undefined; });
    if (!v) continue;
    for (let i = 0; i < 4 && (v!.state === 'awaiting_answer' || v!.state === 'awaiting_approval'); i++) {
      if (v!.state === 'awaiting_answer') {
        console.log('  Q', JSON.stringify(v!.questions));
        await s.api(`/v1/goals/${id}/answers`, { method: 'POST', body: JSON.stringify({ answers: v!.questions.filter((q) => q.answer === null).map((q) => ({ questionId: q.id, answer: /long|durat/i.test(q.question + q.id) ? '45 minutes' : 'zed@zeta.example.org' })) }) });
        v = await s.until(id, (x) => x.state !== 'awaiting_answer' && x.state !== 'planning' && x.state !== 'running');
      } else {
        const a = v!.pendingApprovals[0]!;
        console.log('  A', a.tool, a.tier, JSON.stringify(a.card), JSON.stringify(a.input).slice(0, 400));
        const d = await s.decide(a, { verdict: 'approve' });
        if (d.status !== 200) console.log('  D', JSON.stringify(d));
        v = await s.until(id, (x) => !x.pendingApprovals.some((p) => p.approvalId === a.approvalId) && x.state !== 'running' && x.state !== 'planning');
      }
    }
    console.log('G', g, '=>', v!.state, JSON.stringify(v!.report).slice(0, 700));
    console.log('  E', JSON.stringify((await s.effects()).slice(before)).slice(0, 900));
  }
} finally { await s[Symbol.asyncDispose](); }
