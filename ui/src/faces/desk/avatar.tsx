import { t } from '../../lib/i18n';
import type { PersonRef } from '../../lib/types';

/** Two letters in a circle: who is here, quietly. */
export function Avatar({ person, here }: { person: PersonRef; here?: boolean }) {
  const letters = [...person.name.trim()].slice(0, 2).join('').toUpperCase();
  return <span class={`avatar ${here ? 'avatar-here' : ''}`} title={here ? t('desk.ishere', { name: person.name }) : person.name}><span aria-hidden="true">{letters}</span><span class="sr">{here ? t('desk.ishere', { name: person.name }) : person.name}</span></span>;
}
