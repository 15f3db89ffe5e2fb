using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Starling.Core.Images;
using Starling.Fuzz.Engine;
using Starling.Runtime.Containers;

namespace Starling.Fuzz.Targets.Machines;

/// <summary>
/// Entries of hostile layers, laid down in a folder on disk: each chunk is a kind, a name, a zero byte and what a link points to. Beside the root lies what nothing may touch: names, content, permissions and times there are the same after every script.
/// </summary>
internal sealed class LayerScript
{
    /// <summary>A name beside the root.</summary>
    public const string Victim = "victim";

    private static readonly byte[] Content = "evil"u8.ToArray();

    private readonly string _folder = Directory.CreateTempSubdirectory("starling-layer-").FullName;
    private readonly string _outside;
    private readonly string _victim;
    private readonly DateTime _then = DateTime.UnixEpoch.AddDays(1);
    private readonly UnixFileMode _mode;

    public LayerScript()
    {
        _outside = Path.Combine(_folder, "outside");
        _victim = Path.Combine(_outside, Victim);
        Directory.CreateDirectory(_outside);
        File.WriteAllText(_victim, "untouched");
        File.SetLastWriteTimeUtc(_victim, _then);
        _mode = OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(_victim);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(_folder, recursive: true);
    }

    public static IEnumerable<byte[]> Seeds() =>
    [
        Script.Of(Entry(0, "a"), Entry(1, "a/b"), Entry(2, "l", "a"), Entry(1, "l/c"), Entry(3, "h", "a/b"), Entry(4, "a/b"), Entry(5, "l"), Entry(6, "h")),
        Script.Of(Entry(2, "a", "../outside"), Entry(1, "a/victim"), Entry(4, "a/victim"), Entry(5, "a"), Entry(3, "b", "a/victim"), Entry(0, "a"), Entry(6, "a/victim")),
        Script.Of(Entry(2, "a", "b"), Entry(2, "b", "a"), Entry(1, "a/x"), Entry(2, "c", "/../../outside/victim"), Entry(3, "d", "c"), Entry(1, "d"), Entry(6, "c")),
    ];

    public byte[]? Run(ReadOnlyMemory<byte> input)
    {
        string path = Path.Combine(_folder, "root");
        Directory.CreateDirectory(path);
        using (var root = new RootTree(path))
        {
            foreach (ReadOnlyMemory<byte> chunk in new Script(input))
            {
                try
                {
                    Do(root, path, chunk.Span);
                }
                catch (InvalidImageException)
                {
                    // Refused.
                }
            }
        }

        FuzzFailureException.Unless(Directory.GetFileSystemEntries(_folder).Order(StringComparer.Ordinal).SequenceEqual([_outside, path]), "something lies beside the root");
        FuzzFailureException.Unless(Directory.GetFileSystemEntries(_outside) is [var only] && only == _victim && new FileInfo(_victim).LinkTarget is null, "something else lies outside");
        FuzzFailureException.Unless(File.ReadAllText(_victim) == "untouched" && File.GetLastWriteTimeUtc(_victim) == _then, "what lies outside was changed");
        FuzzFailureException.Unless(OperatingSystem.IsWindows() || File.GetUnixFileMode(_victim) == _mode, "permissions outside were changed");
        Directory.Delete(path, recursive: true);
        return null;
    }

    private static byte[] Entry(byte kind, string name, string link = "") => [kind, .. Parts.Utf8(name), 0, .. Parts.Utf8(link)];

    private static void Do(RootTree root, string path, ReadOnlySpan<byte> chunk)
    {
        if (chunk.IsEmpty)
        {
            return;
        }

        int zero = chunk[1..].IndexOf((byte)0);
        ReadOnlySpan<byte> name = zero < 0 ? chunk[1..] : chunk.Slice(1, zero);
        if (!TarHeader.TryText(name, out string text) || !LayerPath.TryRead(text, out LayerPath? at, out _) || !TarHeader.TryText(zero < 0 ? default : chunk[(zero + 2)..], out string link))
        {
            return;
        }

        switch (chunk[0] % 7)
        {
            case 0:
                root.AddFolder(at);
                break;
            case 1:
                root.AddFile(at, 0x1FF, 0, static file => RandomAccess.Write(file, Content, 0));
                break;
            case 2 when link.Length > 0 && LayerPath.TrySplit(link, out _, out _):
                root.AddLink(at, link, 0);
                break;
            case 3 when LayerPath.TryRead(link, out LayerPath? existing, out _):
                root.AddName(at, existing);
                break;
            case 4:
                root.Remove(at);
                break;
            case 5:
                root.Clear(at);
                break;
            case 6:
                string? found = root.FindFile(text);
                FuzzFailureException.Unless(found is null || found.StartsWith(path + "/", StringComparison.Ordinal), $"{found} is outside");
                break;
        }
    }
}
