import icons from '../../icons/icons.json';

const paths: Record<string, string> = icons;

/** A drawing of icons.json; unknown names become a plain dot. */
export function Icon({ name, class: extra, title }: { name: string; class?: string; title?: string }) {
  return (
    <svg class={`icon ${extra ?? ''}`} viewBox="0 0 24 24" role={title ? 'img' : undefined} aria-label={title} aria-hidden={title ? undefined : true}>
      <path d={paths[name] ?? paths['other']} />
    </svg>
  );
}
