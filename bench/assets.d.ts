/** The address of a file that the bundler copies as it is. */
declare module '*?url' {
  const url: string;
  export default url;
}
