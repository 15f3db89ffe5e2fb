using System.IO;

namespace Starling.Runtime.Torrents;

/// <summary>A path of a torrent leads through a symbolic link.</summary>
internal sealed class UnsafePathException(string path) : IOException($"{path} leads through a symbolic link");
