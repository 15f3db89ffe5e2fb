using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Starling.Core.Tasks;

namespace Starling.Core.Metainfo;

/// <summary>
/// Gives the files of a torrent names that can live on every disk. Rules: each part is repaired as <see cref="SafePath.Repaired"/> does, bytes that
/// are not UTF-8 become <c>_</c>; <c>.</c>, <c>..</c> and empty parts refuse the torrent, for no honest program writes them. Folders that
/// differ in upper and lower case only become one, the first; a file whose path is taken, and a folder whose path is a file's, gets
/// <c> (2)</c>, <c> (3)</c>… before its extension. The same torrent gets the same names everywhere.
/// </summary>
internal static class TorrentPaths
{
    /// <summary>A raw part made safe; null where that is not possible.</summary>
    public static string? PartOf(ReadOnlyMemory<byte> raw) => SafePath.Repaired(Encoding.UTF8.GetString(raw.Span));

    /// <summary>The path of each file, the torrent's folder included.</summary>
    /// <param name="files">The files.</param>
    /// <param name="name">The torrent's name, made safe.</param>
    /// <param name="rawName">The torrent's name as it spells it.</param>
    /// <param name="paths">By file.</param>
    /// <param name="rawPaths">By file: see <see cref="TorrentFileEntry.RawUrlPath"/>.</param>
    /// <param name="fault">Why the torrent is refused.</param>
    public static bool TryName(
        FileList files, string name, ReadOnlyMemory<byte> rawName, out string[] paths, out string?[] rawPaths, [NotNullWhen(false)] out string? fault)
    {
        paths = new string[files.Items.Count];
        rawPaths = new string?[files.Items.Count];
        fault = null;
        var names = new NameTable();
        for (int i = 0; i < paths.Length; i++)
        {
            RawFile file = files.Items[i];
            if (file.Kind == TorrentFileKind.Padding)
            {
                paths[i] = string.Create(CultureInfo.InvariantCulture, $".pad/{file.Length}");
                continue;
            }

            var parts = new List<string>(file.Path.Count + 1);
            if (files.IsFolder || file.Path.Count == 0)
            {
                parts.Add(name);
            }

            foreach (ReadOnlyMemory<byte> raw in file.Path)
            {
                if (PartOf(raw) is not { } part)
                {
                    fault = $"the path of file {i} has an empty part, or one that walks in the folder (. or ..)";
                    return false;
                }

                parts.Add(part);
            }

            paths[i] = file.Kind == TorrentFileKind.Symlink ? string.Join('/', parts) : names.Add(parts);
            rawPaths[i] = RawPathOf(files.IsFolder || file.Path.Count == 0 ? [rawName, .. file.Path] : file.Path, paths[i]);
            if (!SafePath.IsSafe(paths[i], out string? wrong))
            {
                fault = $"the path of file {i} {wrong}";
                return false;
            }
        }

        return true;
    }

    /// <summary>The raw parts percent-encoded, where they are not the path's own.</summary>
    private static string? RawPathOf(IReadOnlyList<ReadOnlyMemory<byte>> parts, string path)
    {
        ReadOnlySpan<byte> rest = Encoding.UTF8.GetBytes(path);
        bool same = true;
        for (int i = 0; i < parts.Count && same; i++)
        {
            same = rest.StartsWith(parts[i].Span) && (rest.Length == parts[i].Length) == (i == parts.Count - 1);
            rest = same ? rest[Math.Min(rest.Length, parts[i].Length + 1)..] : rest;
        }

        if (same)
        {
            return null;
        }

        var encoded = new StringBuilder();
        foreach (ReadOnlyMemory<byte> part in parts)
        {
            encoded.Append(encoded.Length == 0 ? "" : "/");
            foreach (byte b in part.Span)
            {
                bool isPlain = char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'.' or (byte)'_' or (byte)'~';
                encoded.Append(isPlain ? ((char)b).ToString() : string.Create(CultureInfo.InvariantCulture, $"%{b:X2}"));
            }
        }

        return encoded.ToString();
    }

    /// <summary>The names that are taken, upper and lower case folded.</summary>
    private sealed class NameTable
    {
        /// <summary>Folded path of each folder, and how it is spelt.</summary>
        private readonly Dictionary<string, string> _folders = [];

        private readonly HashSet<string> _files = [];

        /// <summary>The last number that was given to a path, so that many equal names take no quadratic time.</summary>
        private readonly Dictionary<string, int> _numbers = [];

        public string Add(List<string> parts)
        {
            string folder = "";
            for (int i = 0; i < parts.Count - 1; i++)
            {
                folder = Folder(folder, parts[i]);
            }

            string path = folder + parts[^1];
            string free = IsTaken(path) ? Numbered(folder, parts[^1]) : path;
            _files.Add(Folded(free));
            return free;
        }

        /// <summary>The folder <paramref name="name"/> in <paramref name="parent"/>, as it is spelt, with a slash behind it.</summary>
        private string Folder(string parent, string name)
        {
            string wanted = parent + name;
            if (_folders.TryGetValue(Folded(wanted), out string? spelt))
            {
                return spelt;
            }

            string free = _files.Contains(Folded(wanted)) ? Numbered(parent, name) : wanted;
            _folders[Folded(free)] = free + "/";

            // The second file of the same folder shall find it under the name that was asked for.
            _folders[Folded(wanted)] = free + "/";
            return free + "/";
        }

        private string Numbered(string folder, string name)
        {
            string key = Folded(folder + name);
            int number = _numbers.GetValueOrDefault(key, 1);
            string path;
            do
            {
                path = folder + SafePath.Numbered(name, ++number);
            }
            while (IsTaken(path));
            _numbers[key] = number;
            return path;
        }

        private bool IsTaken(string path) => _files.Contains(Folded(path)) || _folders.ContainsKey(Folded(path));

        private static string Folded(string path) => path.ToUpperInvariant();
    }
}
