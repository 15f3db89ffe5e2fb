using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Starling.Core.Gossip;
using Starling.Core.Primitives;
using Starling.Runtime.Reputation;
using Starling.Tests.Core.Crypto;

namespace Starling.Tests.Runtime.Reputation;

/// <summary>The file of delegations over crashes and over much that is said.</summary>
public sealed class DelegationFolderTests : IDisposable
{
    private static readonly Hash256 _task = Hash256.Of("task"u8);

    private readonly string _path = Directory.CreateTempSubdirectory("starling-").FullName;
    private readonly DelegationFolder _folder;

    public DelegationFolderTests() => _folder = new DelegationFolder(_path);

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void What_is_added_after_a_torn_entry_is_read(int torn)
    {
        ReadOnlyMemory<byte> first = Notice("author", "one", 1, 1_000);
        ReadOnlyMemory<byte> takenBack = Notice("author", "one", 2, 0);
        Assert.Null(_folder.Add(_task, first));
        string file = FileOf(_path);
        byte[] whole = File.ReadAllBytes(file);
        File.WriteAllBytes(file, [.. whole, .. whole[..torn]]);
        Assert.Null(_folder.Add(_task, takenBack));
        Assert.Equal([first.ToArray(), takenBack.ToArray()], Read());
    }

    [Fact]
    public void Whoever_delegates_again_and_again_does_not_make_forgotten_what_was_taken_back()
    {
        ReadOnlyMemory<byte> takenBack = Notice("author", "one", 1, 0);
        Assert.Null(_folder.Add(_task, takenBack));

        // As a process leaves it that was told as much as a file may hold.
        string file = FileOf(_path);
        byte[] entries = File.ReadAllBytes(file);
        string other = Path.Combine(_path, "other");
        for (int serial = 2; serial <= DelegationFolder.MaxEntries; serial++)
        {
            var one = new DelegationFolder(Path.Combine(other, $"{serial}"));
            one.Add(_task, Notice("two", "three", serial, 1_000));
            entries = [.. entries, .. File.ReadAllBytes(FileOf(Path.Combine(other, $"{serial}")))];
        }

        File.WriteAllBytes(file, entries);
        Assert.Equal(DelegationFolder.MaxEntries, Read().Count);
        Assert.Null(_folder.Add(_task, Notice("two", "three", DelegationFolder.MaxEntries + 1, 1_000)));
        List<byte[]> read = Read();
        Assert.Equal(3, read.Count);
        Assert.Equal(takenBack.ToArray(), read[0]);
    }

    [Fact]
    public void Nothing_is_lost_when_several_processes_write_at_once()
    {
        System.Threading.Tasks.Parallel.For(0, 16, i => Assert.Null(new DelegationFolder(_path).Add(_task, Notice("author", $"one {i}", i, 1_000))));
        Assert.Equal(16, Read().Count);
    }

    private static string FileOf(string folder) => Path.Combine(folder, DelegationFolder.Name, _task.ToString());

    private List<byte[]> Read() => [.. _folder.Read(_task).Select(notice => notice.ToArray())];

    private static ReadOnlyMemory<byte> Notice(string issuer, string to, long serial, long expires) =>
        DelegationNotice.Sign(new StandInIdentity(issuer), _task, new StandInIdentity(to).PublicKey, serial, expires, 0).Raw;
}
