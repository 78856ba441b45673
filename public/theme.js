// Sets the theme that was chosen on an earlier visit before anything is painted; the page's own script comes later.
try {
  const theme = localStorage.getItem('lutra.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Blocked storage: the system's preference holds.
}
