using System.IO;
using Microsoft.Win32.SafeHandles;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Runtime.Storage;
using Starling.Tests.Runtime.Execution;

namespace Starling.Tests.Runtime.Storage;

/// <summary>Groups whose check values are right and whose parts do not fit each other.</summary>
public sealed class JournalReaderTests
{
    private static readonly ResultKey Key = new(3, new ResultId(5, Hash256.Of("x"u8)));

    [Theory]
    [InlineData(5, 0, true)]
    [InlineData(4, 0, false)]
    [InlineData(6, 0, false)]
    [InlineData(5, 1, false)]
    public void A_group_whose_records_do_not_fit_its_contents_counts_for_nothing(int contents, int behind, bool holds)
    {
        var records = new byte[JournalRecord.ResultSize + behind];
        JournalRecord.Encode(JournalRecordKind.HeldInline, Key, records);
        JournalContents read = Read(records, new byte[contents]);
        Assert.Equal(holds, read.Held.ContainsKey(Key));
        Assert.Equal(holds ? JournalHeader.Size + JournalGroup.HeadSize + JournalRecord.ResultSize + 5 : JournalHeader.Size, read.SoundLength);
    }

    private static JournalContents Read(byte[] records, byte[] contents)
    {
        JournalHeader header = JournalHeader.Create(default, 1);
        var head = new byte[JournalGroup.HeadSize];
        new JournalGroup(JournalHeader.Size, records.Length, contents.Length, JournalHeader.Size).EncodeHead(header.Salt.Span, records, contents, head);
        byte[] journal = [.. header.Encode(), .. head, .. records, .. contents];
        using var folder = new TestFolder();
        File.WriteAllBytes(folder["journal"], journal);
        using SafeFileHandle file = File.OpenHandle(folder["journal"]);
        return new JournalReader(file, header, journal.Length, pieceCount: 10, pieceLength: 100).Read();
    }
}
