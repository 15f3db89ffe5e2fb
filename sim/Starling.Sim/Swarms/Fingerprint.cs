using System;
using System.Buffers.Binary;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Sim.Swarms;

/// <summary>
/// A number over all effects of all hosts, their times and their bytes: two runs of one seed must have the same. Fast rather than strong
/// (multiply and rotate over 64-bit words): it guards against accidents.
/// </summary>
internal sealed class Fingerprint
{
    private ulong _state = 0x243F6A8885A308D3;

    public override string ToString() => _state.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    public void Add(Instant now, int host, NodeEffect effect)
    {
        Add(now.Ticks);
        Add(host);
        switch (effect)
        {
            case NodeEffect.OpenTask open:
                Add(1, open.Task.InfoBytes.Span);
                break;
            case NodeEffect.Connect connect:
                Add(2);
                Add(connect.Address.Port);
                Add((long)(ulong)connect.Address.Ip);
                break;
            case NodeEffect.CloseLink close:
                Add(3);
                Add(close.Link.Value);
                Add(0, System.Text.Encoding.UTF8.GetBytes(close.Reason));
                break;
            case NodeEffect.Send send:
                Add(4);
                Add(send.Link.Value, send.Bytes.Span);
                break;
            case NodeEffect.SendBlock block:
                Add(5, block.Piece, block.Result);
                Add(block.Link.Value);
                Add(block.Begin);
                break;
            case NodeEffect.StartJob start:
                Add(6);
                Add(start.Piece);
                Add(start.Slot);
                break;
            case NodeEffect.KillJob kill:
                Add(7);
                Add(kill.Job.Value);
                break;
            case NodeEffect.KeepOutputs keep:
                Add(8, keep.Batch.Span);
                break;
            case NodeEffect.WriteBlock write:
                Add(9, write.Piece, write.Result);
                Add(write.Block, write.Data.Span);
                break;
            case NodeEffect.CommitDownload commit:
                Add(10, commit.Piece, commit.Result);
                break;
            case NodeEffect.AbandonDownload abandon:
                Add(11, abandon.Piece, abandon.Result);
                break;
            case NodeEffect.DropResult drop:
                Add(12, drop.Piece, drop.Result);
                break;
            case NodeEffect.ReleaseResult release:
                Add(27, release.Piece, release.Result);
                break;
            case NodeEffect.SaveBatch save:
                Add(13, save.Batch.Span);
                break;
            case NodeEffect.SaveAccepted save:
                Add(14, save.Piece, save.Result);
                break;
            case NodeEffect.LoadLeaves load:
                Add(15, load.Piece, load.Result);
                break;
            case NodeEffect.LoadContent load:
                Add(16, load.Piece, load.Result);
                break;
            case NodeEffect.StartMerge merge:
                Add(17);
                Add(merge.File);
                Add(merge.Parts.Count);
                break;
            case NodeEffect.DiscardOutput discard:
                Add(18);
                Add(discard.Job.Value);
                break;
            case NodeEffect.Leave leave:
                Add(19);
                Add((long)leave.Reason);
                break;
            case NodeEffect.Report report:
                Add(20, System.Text.Encoding.UTF8.GetBytes(report.Event.GetType().Name));
                break;
        }
    }

    private void Add(long tag, int piece, in ResultId result)
    {
        Add(tag);
        Add(((long)piece << 32) | (uint)result.Length);
        Add(result.Root.GetHashCode());
    }

    private void Add(long tag, ReadOnlySpan<byte> bytes)
    {
        Add(tag);
        Add(bytes.Length);
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            Add(BinaryPrimitives.ReadInt64LittleEndian(bytes));
        }

        foreach (byte rest in bytes)
        {
            Add(rest);
        }
    }

    private void Add(long word)
    {
        _state = (_state ^ (ulong)word) * 0x9E3779B97F4A7C15;
        _state ^= _state >> 29;
    }
}
